/** What every screen says. */

export const one = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;

export const common = {
  product: 'MCP Gateway',
  titleOf: (screen: string) => `${screen} · MCP Gateway`,
  skip: 'Skip to the content',
  screens: 'Screens',
  home: 'Home',
  servers: 'Servers',
  accounts: 'Accounts',
  doctor: 'Doctor',
  settings: 'Settings',
  loading: 'Loading',
  version: (version: string) => `version ${version}`,

  gateway: {
    ok: 'Running',
    initializing: 'Starting',
    degraded: 'Needs attention',
    unreachable: 'Not reachable',
    failed: 'Not running',
    connecting: 'Connecting',
    unknown: 'Not known',
  },
  server: {
    starting: 'Starting',
    ready: 'Ready',
    degraded: 'Degraded',
    failing: 'Failing',
    needsSignIn: 'Needs sign-in',
    stopped: 'Stopped',
    disabled: 'Switched off',
  },
  transport: { stdio: 'stdio', http: 'HTTP' },
  era: { legacy: 'MCP 2025-11-25 or older', modern: 'MCP 2026-07-28' },
  pool: (busy: number, open: number, max: number) => `${busy} busy · ${open} open · ${max} max`,
  retryAt: (time: string) => `It is started again at ${time}.`,
  lastLines: (n: number) => `What it printed last (${one(n, 'line')})`,

  configProblems: {
    title: (n: number) => `The configuration file cannot be used: ${one(n, 'problem')}`,
    hint: 'What runs is still the version from before. Correct the file and save it: it then takes effect by itself.',
    place: (line: number, column: number) => `Line ${line}, column ${column}`,
    more: (n: number) => `${n} more`,
  },

  add: 'Add',
  edit: 'Edit',
  restart: 'Restart',
  save: 'Save',
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',
  undo: 'Undo',
  undone: 'Taken back.',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed:
    'The clipboard is closed to this page. The text is selected: copy it with the keyboard.',
  copyWhat: (what: string) => `Copy: ${what}`,
  copiedWhat: (what: string) => `Copied: ${what}`,
  messages: 'Messages (F8)',
  fullStop: '.',
  colon: ': ',
  sentences: (first: string, second: string) => `${first} ${second}`,

  duration: (days: number, hours: number, minutes: number) =>
    days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`,
  took: (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`),
  durationShort: 'under a minute',

  outage: {
    unreachable: 'Could not reach the gateway',
    unauthorized: 'This page needs the gateway’s key',
    failed: 'The gateway could not start',
    waiting: 'The gateway is starting',
    unreadable: 'The answer could not be read',
  },
  unreachableHint: 'It may have been stopped, or it is starting again. The page keeps trying.',
  unreachableStart: 'To start it, run',
  seenAt: (time: string) => `What you see below is from ${time}.`,
  unauthorizedHint:
    'The state of the gateway is shown to its owner only. Open the page through the address that this command prints:',
  unauthorizedOr: 'Or look at the state in a terminal:',
  codeUsed: 'The address has been used already, or it is older than a minute. Ask for a new one:',
  failedHint: 'Repair what is named here, then try again.',
  failedFile: 'When the configuration file is saved, the gateway tries again by itself.',
  waitingHint: 'It goes on by itself; this takes less than a minute.',
  tryAgain: 'Try again',
  quit: 'Quit MCP Gateway',
  unreadableHint: (status: number) =>
    `Something answered with status ${status}, but not as this page’s gateway does. Perhaps another program took its port, or the page is older than the gateway: load it again.`,
  shellRefused: 'The app could not do this. Its log says why.',
  reload: 'Load again',
};
