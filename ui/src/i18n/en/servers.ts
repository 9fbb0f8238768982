/** What the screens about servers say. Text between backticks is shown as code. */

const thousands = (n: number) => n.toLocaleString('en');
const one = (n: number, word: string) => `${thousands(n)} ${word}${n === 1 ? '' : 's'}`;

export const servers = {
  all: 'All servers',

  list: {
    label: 'Servers',
    intro: 'Everything that your clients reach through the gateway.',
    add: 'Add a server',
    filter: 'Filter servers',
    count: (n: number, all: number) =>
      n === all ? one(all, 'server') : `${n} of ${one(all, 'server')}`,
    noMatch: (filter: string) => `No server matches “${filter}”.`,
    showAll: 'Show all servers',
    empty: 'No servers yet',
    emptyHint:
      'Paste the command from a server’s README: the gateway starts it and offers its tools to all your clients.',
    tools: (exposed: number, offered: number) =>
      exposed === offered
        ? one(exposed, 'tool')
        : `${thousands(exposed)} of ${one(offered, 'tool')}`,
    usage: (mb: number, cpu: number) => `${thousands(mb)} MB · ${cpu}% CPU`,
    waiting: (n: number) => (n === 1 ? '1 call waiting' : `${n} calls waiting`),
    demo: 'Built-in demo',
    demoHint:
      'It is here so that there is something to try, and it cannot be edited. Add a server of your own and this one goes.',
  },

  actions: {
    of: (name: string) => `Actions for ${name}`,
    enable: (name: string) => `Switch on ${name}`,
    enabled: 'Switched on',
    duplicate: 'Duplicate',
    remove: 'Remove',
    restarted: (name: string) => `${name} is being restarted.`,
    switchedOn: (name: string) => `${name} is switched on.`,
    switchedOff: (name: string) => `${name} is switched off.`,
    removed: (name: string) => `${name} is removed.`,
  },

  form: {
    addTitle: 'Add a server',
    editTitle: (name: string) => `Edit ${name}`,
    copyTitle: (name: string) => `Copy of ${name}`,
    loading: 'Reading the server’s settings',
    unreadable: 'The server’s settings could not be read',
    again: 'Try again',
    kept: 'These are your changes from before; they were not saved yet.',
    startOver: 'Discard them',
    basics: 'Connection',
    more: 'More settings',
    moreHint: 'time limits, connections, names and choice of tools',
    save: 'Save',
    add: 'Add server',
    saving: 'Saving …',
    saved: (name: string) => `${name} is saved.`,
    added: (name: string) => `${name} is added.`,
    faults: (n: number) =>
      n === 1
        ? 'One field needs a correction; it is marked above.'
        : `${n} fields need a correction; they are marked above.`,
    optional: 'optional',
    notSeconds: 'Write a number of seconds above 0, such as 30 or 0.5, or leave it empty.',
    notCount: 'Write a whole number from 1 up, or leave it empty.',
  },

  paste: {
    open: 'A quotation mark is not closed; everything behind it is one argument.',
    brokenJson: 'This begins like JSON but ends too early or has a mistake in it. Paste all of it.',
    noServer: 'No server could be found in this text. A server has a `command` or a `url`.',
    several: (n: number) => `This describes ${n} servers. Which one do you want to add?`,
    read: (name: string) =>
      name === ''
        ? 'The pasted text was taken over.'
        : `${name} was taken over from the pasted text.`,
    env: (n: number) => `With ${one(n, 'variable')}.`,
    headers: (n: number) => `With ${one(n, 'header')}.`,
  },

  field: {
    name: 'Name',
    kind: 'Kind',
    command: 'Command line',
    url: 'Address',
    env: 'Environment variables',
    headers: 'Headers',
    cwd: 'Working folder',
    callTimeout: 'Call timeout',
    poolSize: 'Connections at most',
    sharing: 'Sharing',
    prefix: 'Names of its tools',
    stripPrefix: 'Names of its tools',
    rename: 'Renamed tools',
    include: 'Which tools',
    exclude: 'Tools left out',
    description: 'Description',
    enabled: 'Switched on',
    auth: 'Authorization',
  },

  explain: {
    name: 'Short and unique. It stands before the names of the server’s tools and in its own address, `/NAME/mcp`.',
    kind: 'A program is started and ended by the gateway. A remote server already runs elsewhere.',
    command:
      'Paste what the README says: a command line, an address, or a JSON snippet for any client. Arguments with spaces go in quotes.',
    words:
      'The program and its arguments exactly as it receives them. No shell is involved: `$HOME` and `*` stay as they are.',
    url: 'Where the server answers, such as `https://example.com/mcp`. A pasted JSON snippet is understood, too.',
    env: 'Given to the program beside those of your own session. Lines like `KEY=value` can be pasted all at once.',
    headers:
      'Sent with every request, usually `Authorization` with the key that the provider gave you.',
    cwd: 'Where the program starts. Relative paths in its arguments count from here; `~` is your home folder.',
    callTimeout:
      'In seconds. A call without a sign of life for so long is given up. Empty: the gateway’s own limit, 300 unless your file says otherwise.',
    poolSize:
      'How many copies may run at once. More than 1 only for servers that do not mind a second copy beside them. Empty: what your file says for all, else 1.',
    sharing:
      'Browsers and databases keep a state that clients must not mix: give each its own connection. All others are best shared.',
    prefix: 'Clients see all tools in one list. A prefix keeps equal names apart.',
    rename: 'The tool’s own name and the one that clients see instead, exactly as you write it.',
    include: 'By their own names, one a line. Fewer tools leave the model more room to think.',
    exclude: 'By their own names, one a line. They win over the list above.',
    description: 'For you: what it is for, whose account it uses.',
    enabled: 'A server that is switched off is kept in the list and never started.',
    auth: 'A key that you were given goes into a header. Where the server wants you to sign in (OAuth), the gateway does that on the screen Accounts and renews it by itself.',
  },

  auth: {
    none: 'None, or a key in a header',
    oauth: 'Sign-in with the browser',
    after: 'After saving, sign in on the screen Accounts.',
    known: 'Leave these empty unless the provider gave them to you.',
    clientId: 'Client id',
    clientSecret: 'Client secret',
    scope: 'Scope',
    authorizationServer: 'Authorization server',
  },

  local: 'Program on this machine',
  remote: 'Remote server',
  commandExample: 'npx -y @modelcontextprotocol/server-filesystem /path/to/folder',
  urlExample: 'https://example.com/mcp',
  program: 'Program',
  argument: (n: number) => `Argument ${n}`,
  addArgument: 'Argument',
  addArgumentLabel: 'Add an argument',
  removeArgument: (n: number) => `Remove argument ${n}`,
  words: 'Program and arguments',
  variableName: (n: number) => `Variable ${n}: name`,
  variableValue: (n: number) => `Variable ${n}: value`,
  addVariable: 'Add a variable',
  removeVariable: (n: number) => `Remove variable ${n}`,
  headerName: (n: number) => `Header ${n}: name`,
  headerValue: (n: number) => `Header ${n}: value`,
  addHeader: 'Add a header',
  removeHeader: (n: number) => `Remove header ${n}`,
  renameTool: (n: number) => `Renamed tool ${n}: own name`,
  renameName: (n: number) => `Renamed tool ${n}: new name`,
  addRename: 'Rename a tool',
  removeRename: (n: number) => `Take back renaming ${n}`,
  pairName: 'Name',
  pairValue: 'Value',
  renameFrom: 'Own name',
  renameTo: 'New name',
  reveal: (name: string) => `Show the value of ${name}`,
  revealAll: 'Show secret values',
  shared: 'All clients share its connections',
  session: 'Each client session has its own',
  namingDefault: (name: string) => `With the server’s name before them: \`${name}_…\``,
  namingOwn: 'With a prefix of their own',
  namingNone: 'As the server calls them, without a prefix',
  prefixOwn: 'Prefix',
  allTools: 'All that it has',
  onlyTools: 'Only these',
  onlyToolsLabel: 'Tools to offer, one a line',
  seconds: 's',

  test: {
    title: 'Test',
    run: 'Test',
    again: 'Test again',
    stop: 'Stop',
    hint: 'Starts the server once with these settings, without saving anything.',
    running: 'Trying the server',
    elapsed: (seconds: string) => `${seconds} s`,
    stopped: 'Stopped before the server answered.',
    ok: (seconds: string, tools: number) => `It works: ${one(tools, 'tool')} after ${seconds} s.`,
    who: (name: string, version: string, protocol: string) =>
      `${name} ${version}, protocol ${protocol}`.trim(),
    more: (prompts: number, resources: number) =>
      prompts === 0
        ? `${one(resources, 'resource')} as well`
        : resources === 0
          ? `${one(prompts, 'prompt')} as well`
          : `${one(prompts, 'prompt')} and ${one(resources, 'resource')} as well`,
    tools: 'Its tools',
    output: 'What it prints',
    noOutput: 'It has printed nothing so far.',
    changed: 'The settings were changed since.',
  },

  conflict: {
    title: 'The file was changed meanwhile',
    intro: (path: string) =>
      `Somebody edited \`${path}\` after you opened this form. Nothing was overwritten.`,
    introNoPath:
      'Somebody edited the configuration file after you opened this form. Nothing was overwritten.',
    choose: 'Choose for each field what is to be saved.',
    none: 'The change concerns other parts of the file and stays. Save once more to add yours to it.',
    gone: 'The file no longer lists this server. You can add it again with what you entered here, or leave it out.',
    addAgain: 'Add it again',
    leaveOut: 'Leave it out',
    inFile: 'The file says',
    mine: 'You entered',
    notMine: 'Before, unchanged by you',
    takeFile: 'Take the file’s',
    keepMine: 'Keep mine',
    allFile: 'Take all from the file',
    allMine: 'Keep all mine',
    save: 'Save this',
    left: (n: number) => (n === 1 ? 'One choice is left.' : `${n} choices are left.`),
  },

  value: {
    none: 'not set',
    standard: (value: string) => `${value} (default)`,
    on: 'yes',
    off: 'no',
    allTools: 'all',
    noTools: 'none',
    noPrefix: 'no prefix',
    secret: '••••••',
  },

  page: {
    missing: (name: string) => `There is no server “${name}”`,
    missingHint: 'It may have been removed or renamed.',
    sections: (name: string) => `Parts of ${name}`,
    tools: 'Tools',
    log: 'Log',
    pool: 'Pool',
    settings: 'Settings',
    off: 'The server is switched off: it is not started, and clients do not see its tools.',
  },

  tools: {
    label: (name: string) => `Tools of ${name}`,
    filter: 'Filter tools',
    count: (n: number, all: number) =>
      n === all ? one(all, 'tool') : `${thousands(n)} of ${one(all, 'tool')}`,
    on: (n: number) => `${thousands(n)} switched on`,
    offer: (name: string) => `Offer ${name}`,
    own: (name: string) => `its own name: ${name}`,
    hidden: 'not offered',
    readOnly: 'Reads only',
    readOnlyHint: 'The server says that this tool changes nothing.',
    destructive: 'May destroy',
    destructiveHint: 'The server says that this tool may delete or overwrite something.',
    noDescription: 'No description',
    rename: 'Rename',
    renameOf: (name: string) => `Rename ${name}`,
    newName: (name: string) => `New name of ${name}`,
    renameHint: 'Clients see it under exactly this name. Empty: the usual name again.',
    renamed: (own: string, name: string) => `Clients now see ${own} as ${name}.`,
    renamedBack: (own: string, name: string) => `${own} has its usual name again: ${name}.`,
    switchedOn: (name: string) => `${name} is offered to clients.`,
    switchedOff: (name: string) => `${name} is no longer offered to clients.`,
    empty: 'This server has no tools.',
    notYet: 'Its tools appear here as soon as it is ready.',
    off: 'Switch the server on to see its tools.',
    noMatch: (filter: string) => `No tool matches “${filter}”.`,
    showAll: 'Show all tools',
    unreadable: 'The tools could not be read.',
    again: 'Try again',
  },

  log: {
    label: (name: string) => `Output of ${name}`,
    filter: 'Filter lines',
    count: (n: number, all: number) =>
      n === all ? one(all, 'line') : `${thousands(n)} of ${one(all, 'line')}`,
    copy: 'Copy',
    copied: 'Copied',
    copyFailed:
      'The clipboard is closed to this page. Select the text and copy it with the keyboard.',
    newest: 'To the newest line',
    paused: 'New lines wait while you read.',
    empty: 'Nothing printed so far',
    emptyHint: 'What the server prints, its log messages and what happens to it appear here.',
    emptyRemote:
      'A remote server prints elsewhere; its log messages and what happens to its connection appear here.',
    noneOf: 'No line of this kind.',
    origin: 'Kind of lines',
    origins: {
      all: 'All lines',
      printed: 'Printed',
      protocol: 'Log messages',
      gateway: 'Gateway',
    },
    sources: { stderr: 'stderr', stdout: 'stdout', protocol: 'message', gateway: 'gateway' },
    levels: {
      debug: 'debug',
      info: 'info',
      notice: 'notice',
      warning: 'warning',
      error: 'error',
      critical: 'critical',
      alert: 'alert',
      emergency: 'emergency',
    },
    noMatch: (filter: string) => `No line contains “${filter}”.`,
    lost: 'The log is interrupted. The page keeps trying.',
    bound: (n: number) => `The last ${thousands(n)} lines are kept.`,
  },

  pool: {
    title: 'Connections',
    calls: 'Calls per second',
    busy: 'Busy',
    open: 'Open',
    waiting: 'Waiting calls',
    ended: 'Calls',
    now: (busy: number, open: number, max: number, waiting: number) =>
      `Now ${busy} busy, ${open} open, ${max} at most; ${waiting === 1 ? '1 call waits' : `${waiting} calls wait`}.`,
    summary: (minutes: number, calls: number, busy: number, open: number, waiting: number) =>
      `In the last ${minutes <= 1 ? 'minute' : one(minutes, 'minute')}: ${one(calls, 'call')}, at most ${busy} busy and ${open} open connections, at most ${waiting === 1 ? '1 call' : `${waiting} calls`} waiting.`,
    quiet: (minutes: number) =>
      `No call in the last ${minutes <= 1 ? 'minute' : one(minutes, 'minute')}.`,
    none: 'Nothing recorded yet',
    noneHint: 'The plot begins within a second of the server’s start.',
    noneOff: 'A server that is switched off has no connections.',
    memory: 'Memory',
    cpu: 'Processor',
    megabytes: 'MB',
    percent: '% of one core',
    taken: (mb: number, cpu: number) => `Now ${thousands(mb)} MB of memory, ${cpu}% of one core.`,
    takenHint: 'Counted over all processes of the server, every few seconds.',
    nothingRuns: 'No process of it runs now.',
    most: (mb: number, cpu: number) =>
      `At most ${thousands(mb)} MB of memory and ${cpu}% of one core in this time.`,
    unreadable: 'What happened before this page was opened could not be read; the plot begins now.',
  },

  settings: {
    title: 'Its settings',
    edit: 'Edit',
    inFile: 'In the file',
    notInFile: 'The configuration file could not be read, or no longer lists this server.',
    names: 'Names of its tools (mapping)',
    filters: 'Choice of its tools (toolFilters)',
  },
};
