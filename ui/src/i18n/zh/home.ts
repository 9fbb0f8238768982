/** 首页的文字。 */

import type { Messages } from '../en';

export const home: Messages['home'] = {
  attention: '需要处理',
  attentionOpen: (server) => `打开 ${server}`,
  attentionEdit: (server) => `编辑 ${server}`,
  attentionRestart: (server) => `重启 ${server}`,
  attentionAll: (n) => `显示全部 ${n} 项`,
  open: '打开',

  welcome: '欢迎使用',
  welcomeText:
    '把你常用的 MCP 服务器添加到这里，只需一次；本机的所有 AI 客户端就都能通过同一个地址使用它们。',
  welcomeAdd: '添加第一个服务器',
  welcomeDemo: '在此之前，内置的演示服务器会一直运行，方便你先试一试。',

  noTray: '当前桌面不显示托盘图标',
  noTrayText:
    '因此关闭窗口只会将其最小化，网关会继续运行。在 GNOME 上安装扩展“AppIndicator and KStatusNotifierItem Support”即可显示图标，安装后应用会自动使用。',
  noTrayDismiss: '知道了',

  endpointTitle: '接入地址',
  endpointIntro: '本机所有 MCP 客户端都可以通过这里访问全部服务器。',
  endpointAddress: '地址',
  endpointClaude: '添加到 Claude Code',
  factServers: '就绪的服务器',
  factTools: '工具',
  factSessions: '客户端会话',
  factUptime: '已运行',
  ofMany: (n, all) => `${n} / ${all}`,

  pools: '实时状态',
  poolsSum: (calls, busy, open, waiting) =>
    `每秒 ${calls} 次调用 · ${open} 个连接中 ${busy} 个忙碌` +
    (waiting > 0 ? ` · ${waiting} 个调用在等待` : ''),
  poolsLabel: '各服务器的连接',
  poolsCalls: (minutes) => `最近 ${minutes} 分钟的每秒调用次数`,
  poolsLegendBusy: '忙碌',
  poolsLegendOpen: '已打开',
  poolsLegendFree: '还可打开',
  poolsMany: '每个服务器一条；指向它可查看名称。',
  cell: (server, pool, calls, waiting) =>
    `${server}：${pool} · 每秒 ${calls} 次调用` + (waiting > 0 ? ` · ${waiting} 个在等待` : ''),
  cellOff: (server, state) => `${server}：${state}`,
  rate: (calls) => `${calls} 次/秒`,

  desktopTitle: 'Claude Desktop',
  desktopIntro: '它只与自己启动的程序通信；应用自带的桥接程序就是其中之一，会把它接到网关。',
  desktopEntry: '写入它的配置文件',
  desktopFile: '它的配置文件位置',
  desktopAfter: '如果文件中已有“mcpServers”，只需加入里面的那一项。然后重启 Claude Desktop。',
  desktopMissing: '在本程序旁边找不到 mcp-stdio-bridge。重新安装应用即可恢复。',
  desktopUnread: '无法读取配置内容。',
  desktopTry: '试一试',
  desktopTrying: '正在尝试……',
  desktopTryHint: '像 Claude Desktop 那样运行一次桥接程序。',
  desktopWorks: (tools, time) =>
    tools === 0
      ? `桥接程序用 ${time} 连上了网关，但还没有服务器提供工具。`
      : `连接正常：桥接程序用 ${time} 看到 ${tools} 个工具。`,
  desktopTools: '桥接程序看到的工具',
  desktopPrinted: '桥接程序的输出',
  desktopFailed: '桥接程序未能连通。',
  again: '重试',

  notices: '提示',

  clashes: '工具重名',
  clashesIntro: '两个工具都可以调用：后出现的那个使用自己的名称。',
  clashServer: '服务器',
  clashTool: '工具',
  clashName: '原本的名称',
  clashExposed: '对外名称',
};
