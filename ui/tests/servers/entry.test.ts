import { expect, test } from 'vitest';
import { entriesOf } from '../../src/views/servers/entry';

const FILE = `{
  // mine
  "servers": [
    { "name": "a", "command": ["x"] },
    {
      "name": "b", // the good one
      "command": ["y"],
      "headers": { "Authorization": "Bearer 1" },
      "env": { "TOKEN": "abc", "HOST": "h", "EMPTY_KEY": "" },
    },
  ],
  "mapping": { "b": { "prefix": "bb" }, "a": {} },
}
`;

test('the entry is shown as written, comments and all, moved to the left', () => {
  const [own, mapping, ...more] = entriesOf(FILE, 'b');
  expect(more).toEqual([]);
  expect(own?.part).toBe('servers');
  expect(own?.source).toBe(
    [
      '{',
      '  "name": "b", // the good one',
      '  "command": ["y"],',
      '  "headers": { "Authorization": "Bearer 1" },',
      '  "env": { "TOKEN": "abc", "HOST": "h", "EMPTY_KEY": "" },',
      '}',
    ].join('\n'),
  );
  expect(mapping).toEqual({
    part: 'mapping',
    source: '"b": { "prefix": "bb" }',
    masked: '"b": { "prefix": "bb" }',
  });
});

test('values that look secret are masked', () => {
  const [own] = entriesOf(FILE, 'b');
  expect(own?.masked).toContain('"headers": { "Authorization": "••••••" }');
  expect(own?.masked).toContain('"TOKEN": "••••••", "HOST": "h", "EMPTY_KEY": ""');
  expect(own?.masked).not.toMatch(/abc|Bearer/);
});

test('a file that is broken or has no such server has no entry', () => {
  expect(entriesOf(FILE, 'c')).toEqual([]);
  expect(entriesOf('{', 'a')).toEqual([]);
  expect(entriesOf('[]', 'a')).toEqual([]);
});

test('a service of Alibaba Cloud is found where its path stands', () => {
  const file = '{"mcpServer": {"services": {"ecs": "/id/x/mcp", "ram": "/mcp"}}}';
  expect(entriesOf(file, 'ecs')).toEqual([
    { part: 'services', source: '"ecs": "/id/x/mcp"', masked: '"ecs": "/id/x/mcp"' },
  ]);
  expect(entriesOf(file, 'services')).toEqual([]);
});
