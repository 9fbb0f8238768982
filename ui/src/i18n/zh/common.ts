/** 所有界面共用的文字。 */

import type { Messages } from '../en';

export const common: Messages['common'] = {
  product: 'MCP Gateway',
  titleOf: (screen) => `${screen} · MCP Gateway`,
  skip: '跳到正文',
  screens: '界面',
  home: '首页',
  servers: '服务器',
  accounts: '账号',
  doctor: '诊断',
  settings: '设置',
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
  server: {
    starting: '正在启动',
    ready: '就绪',
    degraded: '异常',
    failing: '出错',
    needsSignIn: '需要登录',
    stopped: '已停止',
    disabled: '已停用',
  },
  transport: { stdio: 'stdio', http: 'HTTP' },
  era: { legacy: 'MCP 2025-11-25 版或更早', modern: 'MCP 2026-07-28 版' },
  pool: (busy, open, max) => `${busy} 忙碌 · ${open} 已打开 · 上限 ${max}`,
  retryAt: (time) => `将在 ${time} 再次启动。`,
  lastLines: (n) => `它最后的输出（${n} 行）`,

  configProblems: {
    title: (n) => `配置文件无法使用：${n} 处问题`,
    hint: '当前运行的仍是修改前的版本。修正并保存文件后会自动生效。',
    place: (line, column) => `第 ${line} 行，第 ${column} 列`,
    more: (n) => `还有 ${n} 处`,
  },

  add: '添加',
  edit: '编辑',
  restart: '重启',
  save: '保存',
  cancel: '取消',
  close: '关闭',
  back: '返回',
  undo: '撤销',
  undone: '已撤销。',
  copy: '复制',
  copied: '已复制',
  copyFailed: '此页面无法使用剪贴板。文字已选中，请用键盘复制。',
  copyWhat: (what) => `复制：${what}`,
  copiedWhat: (what) => `已复制：${what}`,
  messages: '消息（F8）',
  fullStop: '。',
  colon: '：',
  sentences: (first, second) => `${first}${second}`,

  duration: (days, hours, minutes) =>
    days > 0
      ? `${days} 天 ${hours} 小时`
      : hours > 0
        ? `${hours} 小时 ${minutes} 分钟`
        : `${minutes} 分钟`,
  took: (ms) => (ms < 1000 ? `${Math.round(ms)} 毫秒` : `${(ms / 1000).toFixed(1)} 秒`),
  durationShort: '不到 1 分钟',

  outage: {
    unreachable: '无法连接到网关',
    unauthorized: '此页面需要网关的密钥',
    failed: '网关无法启动',
    waiting: '网关正在启动',
    unreadable: '无法读取返回的内容',
  },
  unreachableHint: '网关可能已停止，或正在重新启动。页面会继续重试。',
  unreachableStart: '启动网关请运行',
  seenAt: (time) => `下面显示的是 ${time} 的状态。`,
  unauthorizedHint: '网关的状态只对其所有者显示。请通过以下命令输出的地址打开本页面：',
  unauthorizedOr: '或者在终端中查看状态：',
  codeUsed: '这个地址已经用过，或者已超过一分钟。请重新获取：',
  failedHint: '请解决上述问题，然后重试。',
  failedFile: '保存配置文件后，网关会自动重试。',
  waitingHint: '随后会自动继续，通常不超过一分钟。',
  tryAgain: '重试',
  quit: '退出 MCP Gateway',
  unreadableHint: (status) =>
    `收到了状态码为 ${status} 的响应，但它不像来自本页面的网关。可能是其他程序占用了端口，或者页面版本比网关旧：请重新加载。`,
  shellRefused: '应用未能完成此操作，原因见其日志。',
  reload: '重新加载',
};
