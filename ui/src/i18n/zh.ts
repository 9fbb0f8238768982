/** 页面的全部简体中文文字。 */

import type { Messages } from './en';

export const zh: Messages = {
  product: 'MCP Gateway',

  language: '语言',
  theme: '主题',
  themeSystem: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',

  loading: '正在加载',
  version: (version) => `版本 ${version}`,
  gateway: {
    ok: '运行中',
    initializing: '正在启动',
    degraded: '需要处理',
    unreachable: '无法连接',
    failed: '未运行',
    connecting: '正在连接',
    unknown: '未知',
  },

  endpointTitle: '接入地址',
  endpointIntro: '本机所有 MCP 客户端都可以通过这里访问全部服务器。',
  endpointAddress: '地址',
  endpointClaude: '添加到 Claude Code',
  copy: '复制',
  copied: '已复制',
  copyFailed: '此页面无法使用剪贴板。文字已选中，请用键盘复制。',
  copyWhat: (what) => `复制：${what}`,

  factServers: '就绪的服务器',
  factTools: '工具',
  factSessions: '客户端会话',
  factUptime: '已运行',
  ofMany: (n, all) => `${n} / ${all}`,
  duration: (days, hours, minutes) =>
    days > 0
      ? `${days} 天 ${hours} 小时`
      : hours > 0
        ? `${hours} 小时 ${minutes} 分钟`
        : `${minutes} 分钟`,
  durationShort: '不到 1 分钟',

  notices: '提示',

  servers: '服务器',
  serverName: '服务器',
  serverTransport: '传输方式',
  serverTools: '工具',
  serverPrompts: '提示词',
  serverResources: '资源',
  serverConnections: '连接',
  server: {
    starting: '正在启动',
    ready: '就绪',
    failing: '出错',
    stopped: '已停止',
    disabled: '已停用',
  },
  transport: { stdio: 'stdio', http: 'HTTP' },
  pool: (busy, open, max) => `${busy} 忙碌 · ${open} 已打开 · 上限 ${max}`,
  lastLines: (n) => `它最后的输出（${n} 行）`,
  serversEmpty: '还没有服务器',
  serversEmptyHint: '在配置文件中列出你的 MCP 服务器，它们就会显示在这里。',
  configPath: '配置文件：',
  configNone: '无，使用内置默认值',

  clashes: '工具重名',
  clashesIntro: '两个工具都可以调用：后出现的那个使用自己的名称。',
  clashTool: '工具',
  clashName: '原本的名称',
  clashExposed: '对外名称',

  tools: '工具',
  toolsIntro: '客户端看到的就是这些名称。',
  toolsFilter: '筛选工具',
  toolsCount: (n, all) => (n === all ? `共 ${all} 个工具` : `${n} / ${all} 个工具`),
  toolsNoDescription: '没有描述',
  toolsStarting: '还没有服务器就绪。就绪后，工具会立即显示在这里。',
  toolsEmpty: '还没有服务器提供工具。',
  toolsNoMatch: (filter) => `没有与“${filter}”匹配的工具。`,
  toolsClear: '显示全部工具',
  toolsProblem: '无法读取工具列表，页面会继续重试。',
  toolsStale: '无法再次读取工具列表，这里显示的是上一次的结果。',

  unreachable: '无法连接到网关',
  unreachableHint: '网关可能已停止，或正在重新启动。页面会继续重试。',
  unreachableStart: '启动网关请运行',
  seenAt: (time) => `下面显示的是 ${time} 的状态。`,
  unauthorized: '此页面需要网关的密钥',
  unauthorizedHint: '网关的状态只对其所有者显示。请通过以下命令输出的地址打开本页面：',
  unauthorizedOr: '或者在终端中查看状态：',
  failed: '网关无法启动',
  failedHint: '请解决上述问题，然后重新启动应用。',
  unreadable: '无法读取返回的内容',
  unreadableHint: (status) =>
    `收到了状态码为 ${status} 的响应，但它不像来自本页面的网关。可能是其他程序占用了端口，或者页面版本比网关旧：请重新加载。`,
  reload: '重新加载',
};
