import { beforeEach, expect, test } from 'vitest';
import { preferences } from '../../src/state/preferences.svelte';
import { BLOCK_LINES, LOG_LINES, LogBuffer } from '../../src/views/servers/logBuffer.svelte';
import { line } from '../fixtures';

beforeEach(() => (preferences.language = 'en'));

const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => line(from + i));
const all = (buffer: LogBuffer) => buffer.blocks.flatMap((block) => block.lines);

test('never keeps more than its bound, and keeps the newest', () => {
  const buffer = new LogBuffer();
  buffer.push(lines(5, LOG_LINES * 3));
  expect(buffer.length).toBe(LOG_LINES);
  for (let seq = LOG_LINES * 3 + 5; seq < LOG_LINES * 3 + 155; seq += 1) buffer.push(lines(seq, 1));
  expect(buffer.length).toBe(LOG_LINES);
  expect(all(buffer).at(-1)?.seq).toBe(LOG_LINES * 3 + 154);
  expect(all(buffer).map((line) => line.seq)).toEqual(
    lines(LOG_LINES * 2 + 155, LOG_LINES).map((line) => line.seq),
  );
});

test('a new line leaves the blocks before it as they are', () => {
  const buffer = new LogBuffer();
  buffer.push(lines(0, BLOCK_LINES * 3 + 10));
  const before = buffer.blocks;
  buffer.push(lines(BLOCK_LINES * 3 + 10, 1));
  expect(buffer.blocks.slice(0, 3)).toEqual(before.slice(0, 3));
  expect(buffer.blocks[0]).toBe(before[0]);
  expect(buffer.blocks[3]).not.toBe(before[3]);
  expect(buffer.blocks.map((block) => block.id)).toEqual([0, 1, 2, 3]);
});

test('a stream that is opened again replaces what was there, once it says something', () => {
  const buffer = new LogBuffer();
  buffer.push(lines(0, 10));
  buffer.startOver();
  expect(buffer.length).toBe(10);
  buffer.push(lines(3, 4));
  expect(all(buffer).map((line) => line.seq)).toEqual([3, 4, 5, 6]);
});

test('a filter leaves the lines that contain it', () => {
  const buffer = new LogBuffer();
  buffer.push(lines(0, 250));
  expect(buffer.matching(' LINE 24').flatMap((block) => block.lines)).toHaveLength(11);
  expect(buffer.matching('')).toBe(buffer.blocks);
  expect(buffer.matching('nothing')).toEqual([]);
});

test('lines can be chosen by whose words they are, and are searched in the language of the reader', () => {
  const buffer = new LogBuffer();
  const note = { text: 'process 7 was started', zh: '已启动进程 7' };
  buffer.push([
    line(1),
    { ...line(2), source: 'protocol', level: 'warning' },
    { ...line(3), source: 'stdout' },
    { ...line(4), source: 'gateway', level: 'info', ...note },
  ]);
  const chosen = (...args: Parameters<LogBuffer['matching']>) =>
    buffer.matching(...args).flatMap((block) => block.lines.map(({ seq }) => seq));
  expect(chosen('', 'all')).toEqual([1, 2, 3, 4]);
  expect(chosen('', 'printed')).toEqual([1, 3]);
  expect(chosen('', 'protocol')).toEqual([2]);
  expect(chosen('line 3', 'printed')).toEqual([3]);
  expect(chosen('started', 'all')).toEqual([4]);
  preferences.language = 'zh';
  expect(chosen('started', 'all')).toEqual([]);
  expect(chosen('进程', 'gateway')).toEqual([4]);
});
