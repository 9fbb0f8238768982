/** What the settings say. */

export const settings = {
  gateway: 'Gateway',
  port: 'Port',
  portHint: (endpoint: string) => `Clients connect to ${endpoint}.`,
  portAfter:
    'Clients keep the address that they were given. After a change, give each of them the new one; Home has it ready to copy.',
  portFromEnvironment:
    'The port was set by the environment variable MCP_GATEWAY_PORT, which wins over this setting. Remove it and start the gateway again to choose a port here.',
  portFromCommandLine:
    'The port was set on the command line with --port, which wins over this setting. Start the gateway without it to choose a port here.',
  portInvalid: 'Write a whole number between 1 and 65535.',
  portSaved: (port: number) => `Clients now connect to port ${port}.`,
  portMoved: (address: string) => `The gateway moved. Open this page at ${address}.`,
  saving: 'Saving …',
  unread: 'The gateway’s settings could not be read.',
  again: 'Try again',

  log: {
    show: 'The gateway’s log',
    title: 'The gateway’s log',
    intro: 'As much as logLevel asks for. In a terminal: mcp-gateway logs -f',
    empty: 'What the gateway does with its configuration, and what goes wrong, appears here.',
  },

  appearance: 'Appearance',
  language: 'Language',
  languageSystem: 'Like the system',
  theme: 'Theme',
  themeSystem: 'Like the system',
  themeLight: 'Light',
  themeDark: 'Dark',

  desktop: 'Desktop',
  login: 'Run at login',
  loginHint: 'The gateway is there as soon as you log in, without a window.',
  loginBrowser: 'Found in the settings of the desktop app’s own window, and in its tray menu.',
  tray: 'Tray icon',

  files: 'Files',
  dataDir: 'Data folder',
  dataDirHint: 'The gateway’s key, what it learned about servers, and its logs.',
  config: 'Configuration file',
  configHint: 'Your servers. You can edit it by hand as well; comments stay.',
  configNone: 'None yet. It is made when you add your first server.',
  open: 'Open',
  openWhat: (what: string) => `Open: ${what}`,

  about: 'About',
  version: 'Version',
};
