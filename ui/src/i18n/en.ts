/** Every text of the page in English. Its keys and parameters are the type of all catalogues. */

const one = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;

export const en = {
  product: 'MCP Gateway',

  language: 'Language',
  theme: 'Theme',
  themeSystem: 'Like the system',
  themeLight: 'Light',
  themeDark: 'Dark',

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

  endpointTitle: 'Your endpoint',
  endpointIntro: 'Every MCP client on this machine reaches all servers here.',
  endpointAddress: 'Address',
  endpointClaude: 'Add to Claude Code',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed:
    'The clipboard is closed to this page. The text is selected: copy it with the keyboard.',
  copyWhat: (what: string) => `Copy: ${what}`,

  factServers: 'Servers ready',
  factTools: 'Tools',
  factSessions: 'Client sessions',
  factUptime: 'Running for',
  ofMany: (n: number, all: number) => `${n} of ${all}`,
  duration: (days: number, hours: number, minutes: number) =>
    days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`,
  durationShort: 'under a minute',

  notices: 'Good to know',

  servers: 'Servers',
  serverName: 'Server',
  serverTransport: 'Transport',
  serverTools: 'Tools',
  serverPrompts: 'Prompts',
  serverResources: 'Resources',
  serverConnections: 'Connections',
  server: {
    starting: 'Starting',
    ready: 'Ready',
    failing: 'Failing',
    stopped: 'Stopped',
    disabled: 'Switched off',
  },
  transport: { stdio: 'stdio', http: 'HTTP' },
  pool: (busy: number, open: number, max: number) => `${busy} busy · ${open} open · ${max} max`,
  lastLines: (n: number) => `What it printed last (${one(n, 'line')})`,
  serversEmpty: 'No servers yet',
  serversEmptyHint: 'List your MCP servers in the configuration file; they appear here.',
  configPath: 'Configuration file:',
  configNone: 'none, built-in defaults',

  clashes: 'Same name, two tools',
  clashesIntro: 'Both can be called: the one that came later got a name of its own.',
  clashTool: 'Tool',
  clashName: 'Name it would have',
  clashExposed: 'Offered as',

  tools: 'Tools',
  toolsIntro: 'Under these names clients see them.',
  toolsFilter: 'Filter tools',
  toolsCount: (n: number, all: number) =>
    n === all ? one(all, 'tool') : `${n} of ${one(all, 'tool')}`,
  toolsNoDescription: 'No description',
  toolsStarting: 'No server is ready yet. Its tools appear here as soon as it is.',
  toolsEmpty: 'No server offers a tool yet.',
  toolsNoMatch: (filter: string) => `No tool matches “${filter}”.`,
  toolsClear: 'Show all tools',
  toolsProblem: 'The list of tools could not be read. The page keeps trying.',
  toolsStale: 'The list of tools could not be read again; this is the last one.',

  unreachable: 'Could not reach the gateway',
  unreachableHint: 'It may have been stopped, or it is starting again. The page keeps trying.',
  unreachableStart: 'To start it, run',
  seenAt: (time: string) => `What you see below is from ${time}.`,
  unauthorized: 'This page needs the gateway’s key',
  unauthorizedHint:
    'The state of the gateway is shown to its owner only. Open the page through the address that this command prints:',
  unauthorizedOr: 'Or look at the state in a terminal:',
  failed: 'The gateway could not start',
  failedHint: 'Repair what is named here, then start the app again.',
  unreadable: 'The answer could not be read',
  unreadableHint: (status: number) =>
    `Something answered with status ${status}, but not as this page’s gateway does. Perhaps another program took its port, or the page is older than the gateway: load it again.`,
  reload: 'Load again',
};

/** What a catalogue has to say: a key that is missing or too many does not compile. */
export type Messages = typeof en;
