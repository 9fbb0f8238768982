/** What the first screen says. */

import { one } from './common';

const thousands = (n: number) => n.toLocaleString('en');

export const home = {
  attention: 'Needs attention',
  attentionOpen: (server: string) => `Open ${server}`,
  attentionEdit: (server: string) => `Edit ${server}`,
  attentionRestart: (server: string) => `Restart ${server}`,
  attentionAll: (n: number) => `Show all ${n}`,
  open: 'Open',

  welcome: 'Welcome',
  welcomeText:
    'Add the MCP servers that you use, once. Every AI client on this machine then reaches all of them through one address.',
  welcomeAdd: 'Add your first server',
  welcomeDemo: 'Until then a small built-in demo runs, so that there is something to try.',

  noTray: 'This desktop shows no tray icons',
  noTrayText:
    'So closing the window only minimizes it, and the gateway keeps running. On GNOME, the extension “AppIndicator and KStatusNotifierItem Support” brings the icon; the app uses it as soon as it is there.',
  noTrayDismiss: 'Understood',

  endpointTitle: 'Your endpoint',
  endpointIntro: 'Every MCP client on this machine reaches all servers here.',
  endpointAddress: 'Address',
  endpointClaude: 'Add to Claude Code',
  factServers: 'Servers ready',
  factTools: 'Tools',
  factSessions: 'Client sessions',
  factUptime: 'Running for',
  ofMany: (n: number, all: number) => `${n} of ${all}`,

  pools: 'Right now',
  poolsSum: (calls: number, busy: number, open: number, waiting: number) =>
    `${thousands(calls)} calls/s · ${busy} busy of ${one(open, 'connection')}` +
    (waiting > 0 ? ` · ${waiting} waiting` : ''),
  poolsLabel: 'Connections of each server',
  poolsCalls: (minutes: number) => `Calls per second in the last ${one(minutes, 'minute')}`,
  poolsLegendBusy: 'busy',
  poolsLegendOpen: 'open',
  poolsLegendFree: 'could be opened',
  poolsMany: 'One bar a server; point at it for its name.',
  cell: (server: string, pool: string, calls: number, waiting: number) =>
    `${server}: ${pool} · ${calls} calls/s` + (waiting > 0 ? ` · ${waiting} waiting` : ''),
  cellOff: (server: string, state: string) => `${server}: ${state}`,
  rate: (calls: number) => `${calls}/s`,

  desktopTitle: 'Claude Desktop',
  desktopIntro:
    'It talks only to programs that it starts itself. The bridge that comes with this app is one and leads here.',
  desktopEntry: 'Put this into its configuration',
  desktopFile: 'Its configuration file',
  desktopAfter:
    'If the file has “mcpServers” already, add the inner entry to it. Then restart Claude Desktop.',
  desktopMissing:
    'The program mcp-stdio-bridge was not found beside this one. Install the app again to get it.',
  desktopUnread: 'The entry could not be read.',
  desktopTry: 'Try it',
  desktopTrying: 'Trying …',
  desktopTryHint: 'Runs the bridge once, as Claude Desktop would.',
  desktopWorks: (tools: number, time: string) =>
    tools === 0
      ? `The bridge reached the gateway in ${time}; no server offers a tool yet.`
      : `It works: the bridge saw ${one(tools, 'tool')} in ${time}.`,
  desktopTools: 'Tools that the bridge saw',
  desktopPrinted: 'What the bridge printed',
  desktopFailed: 'The bridge did not get through.',
  again: 'Try again',

  notices: 'Good to know',

  clashes: 'Same name, two tools',
  clashesIntro: 'Both can be called: the one that came later got a name of its own.',
  clashServer: 'Server',
  clashTool: 'Tool',
  clashName: 'Name it would have',
  clashExposed: 'Offered as',
};
