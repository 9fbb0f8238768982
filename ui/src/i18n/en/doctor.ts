/** What the screen Doctor says. */

import { one } from './common';

export const doctor = {
  intro:
    'Looks at everything that commonly keeps the gateway or a server from working, and repairs what it can when you ask for it.',
  checking:
    'Checking commands, addresses, secrets, files and the network. This takes ten seconds at most.',
  again: 'Check again',
  unread: 'The check did not work.',
  copyReport: 'Copy report',
  reportHint: 'The report holds no secrets, but names servers, folders and addresses.',
  noClipboard:
    'The clipboard is closed to this page. In a terminal, mcp-gateway doctor prints the same.',
  allWell: 'Everything that was looked at is in order.',
  summary: (problems: number, warnings: number) =>
    [
      ...(problems > 0 ? [one(problems, 'problem')] : []),
      ...(warnings > 0 ? [one(warnings, 'warning')] : []),
    ].join(', '),
  checkedAt: (time: string) => `Checked at ${time}`,
  problem: 'Problems',
  warning: 'Warnings',
  ok: 'In order',
  skipped: 'Not checked',
  words: { problem: 'Problem', warning: 'Warning', ok: 'In order', skipped: 'Not checked' },
  count: (n: number) => one(n, 'finding'),
  todo: 'To do',
  fixIt: 'Fix',
  fixWhat: (title: string) => `Fix: ${title}`,
  fixing: 'Repairing …',
  server: (name: string) => `Go to ${name}`,
  ask: 'Ask the doctor',
};
