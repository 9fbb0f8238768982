/** 设置界面的文字。 */

import type { Messages } from '../en';

export const settings: Messages['settings'] = {
  gateway: '网关',
  port: '端口',
  portHint: (endpoint) => `客户端通过 ${endpoint} 连接。`,
  portAfter:
    '客户端会一直使用当初填写的地址。更改端口后，请把新地址填到每个客户端，首页可以直接复制。',
  portFromEnvironment:
    '端口由环境变量 MCP_GATEWAY_PORT 指定，优先于此处的设置。要在这里选择端口，请去掉该变量并重新启动网关。',
  portFromCommandLine:
    '端口由命令行参数 --port 指定，优先于此处的设置。要在这里选择端口，请去掉该参数并重新启动网关。',
  portInvalid: '请填写 1 到 65535 之间的整数。',
  portSaved: (port) => `客户端现在连接端口 ${port}。`,
  portMoved: (address) => `网关已换到新端口，请通过 ${address} 打开本页面。`,
  saving: '正在保存……',
  unread: '无法读取网关的设置。',
  again: '重试',

  log: {
    show: '网关日志',
    title: '网关日志',
    intro: '网关自身的日志，详细程度由 logLevel 决定。在终端中查看：mcp-gateway logs -f',
    empty: '网关读取配置的情况和出现的问题会显示在这里。',
  },

  appearance: '外观',
  language: '语言',
  languageSystem: '跟随系统',
  theme: '主题',
  themeSystem: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',

  desktop: '桌面',
  login: '登录时启动',
  loginHint: '登录后网关随即可用，不打开窗口。',
  loginBrowser: '请在桌面应用的窗口设置或托盘菜单中更改。',
  tray: '托盘图标',

  files: '文件',
  dataDir: '数据目录',
  dataDirHint: '存放网关的密钥、记录下来的服务器信息和日志。',
  config: '配置文件',
  configHint: '保存你的服务器。也可以手动编辑，其中的注释会保留。',
  configNone: '尚未生成，添加第一个服务器时会自动创建。',
  open: '打开',
  openWhat: (what) => `打开：${what}`,

  about: '关于',
  version: '版本',
};
