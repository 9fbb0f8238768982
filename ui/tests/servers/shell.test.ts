import { expect, test } from 'vitest';
import { joinCommand, splitCommand } from '../../src/views/servers/shell';

test.each<[string, string[]]>([
  ['', []],
  ['  a   b\tc\n', ['a', 'b', 'c']],
  [`a "b c" 'd e' f"g"'h'`, ['a', 'b c', 'd e', 'fgh']],
  [`a "" ''`, ['a', '', '']],
  [`"a \\"b\\" \\\\ \\n"`, ['a "b" \\ \\n']],
  [`'a \\ "b"'`, ['a \\ "b"']],
  ['a\\ b \\"c', ['a b', '"c']],
  ['one \\\n two', ['one', 'two']],
  ['one \\\r\n two', ['one', 'two']],
  ['C:\\Users\\me\\x.exe D:\\y', ['C:\\Users\\me\\x.exe', 'D:\\y']],
  ['\\\\server\\share', ['\\\\server\\share']],
  ['echo $HOME *.js', ['echo', '$HOME', '*.js']],
])('%j', (line, words) => {
  expect(splitCommand(line)).toEqual({ words, open: false });
});

test('an open quote keeps the rest as one word and is told', () => {
  expect(splitCommand('a "b c')).toEqual({ words: ['a', 'b c'], open: true });
  expect(splitCommand("a '")).toEqual({ words: ['a', ''], open: true });
});

test('what is joined comes apart as the same words', () => {
  const signs = ['a', 'b', ' ', '"', "'", '\\', '$', '\n', '/', '名', '`', '='];
  // A fixed sequence: a failure can be repeated.
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 3000; round += 1) {
    const words = Array.from({ length: 1 + random(3) }, () =>
      Array.from({ length: random(6) }, () => signs[random(signs.length)]).join(''),
    );
    expect(splitCommand(joinCommand(words)), JSON.stringify(words)).toEqual({ words, open: false });
  }
});

test('quotes are written only where they are needed', () => {
  expect(joinCommand(['npx', '-y', '@a/b@1.0', '/x y', 'C:\\x', "it's"])).toBe(
    `npx -y @a/b@1.0 '/x y' C:\\x "it's"`,
  );
});
