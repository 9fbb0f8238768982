/** Makes what is different in every run the same in every picture. */

/** Where the picture's user lives. */
const HOME = '/home/ada';

const exactly = (text) => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));

/**
 * Writes fixed times, ports and folders over those of this run, until the page next draws them.
 * `own` and `gateway` tell what they are; `instead` has further texts and what replaces them.
 */
export async function settle(page, own, gateway, instead = []) {
  const rules = [
    ...instead.map(([text, fixed]) => [exactly(text), fixed]),
    [exactly(own.path('home')), HOME],
    [exactly(own.path('data')), `${HOME}/.local/share/mcp-gateway`],
    [exactly(own.folder), HOME],
    [new RegExp(`\\b${gateway.port}\\b`), '4298'],
    [/(?<="command": ")[^"]*(?=mcp-stdio-bridge")/, '/usr/bin/'],
    [/\b\d\d:\d\d:\d\d\b/, '10:42:07'],
    [/^under a minute$|^\d+ min$/, '2 h 5 min'],
    [/^不到 1 分钟$|^\d+ 分钟$/, '2 小时 5 分钟'],
    [/(?<=[(（])\d+(?= (lines\)|行）))/, '3'],
    [/\b\d+(?= (ms\b|毫秒))/, '42'],
    [/\b\d+\.\d(?= (s\b|秒))/, '0.8'],
  ];
  const sources = rules.map(([pattern, fixed]) => [pattern.source, fixed]);
  await page.evaluate((pairs) => {
    const patterns = pairs.map(([source, to]) => [new RegExp(source, 'g'), to]);
    const fixed = (text) => patterns.reduce((so, [from, to]) => so.replace(from, to), text);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      const text = fixed(node.data);
      if (text !== node.data) node.data = text;
    }
    for (const input of document.querySelectorAll('input[type="text"], #port, textarea')) {
      const text = fixed(input.value);
      if (text !== input.value) input.value = text;
    }
  }, sources);
}
