/** “诊断”界面的文字。 */

import type { Messages } from '../en';

export const doctor: Messages['doctor'] = {
  intro: '检查常见的、会妨碍网关或服务器工作的各种问题，并在您要求时修复其中能修复的部分。',
  checking: '正在检查命令、地址、机密、文件和网络，最多需要十秒。',
  again: '重新检查',
  unread: '检查未能完成。',
  copyReport: '复制报告',
  reportHint: '报告中不含机密，但会列出服务器、目录和地址。',
  noClipboard: '此页面无法使用剪贴板。在终端中执行 mcp-gateway doctor 可输出相同内容。',
  allWell: '检查过的项目全部正常。',
  summary: (problems, warnings) =>
    [
      ...(problems > 0 ? [`${problems} 个问题`] : []),
      ...(warnings > 0 ? [`${warnings} 个警告`] : []),
    ].join('，') || '没有问题',
  checkedAt: (time) => `检查时间 ${time}`,
  problem: '问题',
  warning: '警告',
  ok: '正常',
  skipped: '未检查',
  words: { problem: '问题', warning: '警告', ok: '正常', skipped: '未检查' },
  count: (n) => `${n} 项`,
  todo: '解决办法',
  fixIt: '修复',
  fixWhat: (title) => `修复：${title}`,
  fixing: '正在修复…',
  server: (name) => `前往 ${name}`,
  ask: '运行诊断',
};
