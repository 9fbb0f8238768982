import { expect, test } from 'vitest';
import { pieces } from '../src/components/said';

/** The pieces in short: code in angle brackets. */
const set = (text: string) =>
  pieces(text)
    .map((piece) => (piece.code ? `<${piece.text}>` : piece.text))
    .join('');

test('what stands between backticks is code, and a sentence begins with a capital', () => {
  expect(set('the command `uvx` was not found')).toBe('The command <uvx> was not found');
  expect(set('`npx` exited')).toBe('<npx> exited');
  expect(set('找不到命令 `uvx`')).toBe('找不到命令 <uvx>');
});

test('names at the start and lonely backticks stay as they are', () => {
  expect(set('mcp-gateway is old')).toBe('mcp-gateway is old');
  expect(set('/etc/x.json:1: bad')).toBe('/etc/x.json:1: bad');
  expect(set('an odd ` one')).toBe('An odd ` one');
  expect(set('')).toBe('');
});
