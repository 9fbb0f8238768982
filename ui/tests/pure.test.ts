import { describe, expect, test } from 'vitest';
import { Extents } from '../src/components/extents';
import { outline } from '../src/components/outline';
import { signOf } from '../src/components/sign';
import { en } from '../src/i18n/en';
import { Ring, RING_SAMPLES } from '../src/state/ring';
import { sumOfTails } from '../src/views/home/totals';
import { movedPage, portOf } from '../src/views/settings/port';
import { status } from './fixtures';

describe('a ring', () => {
  test('keeps the last ten minutes and no more', () => {
    const ring = new Ring();
    for (let at = 0; at < RING_SAMPLES + 5; at += 1) ring.push([at, 1, 2, 3, at, null, null]);
    const { at, calls } = ring.columns();
    expect(ring.length).toBe(RING_SAMPLES);
    expect([at[0], at.at(-1)]).toEqual([5, RING_SAMPLES + 4]);
    expect([...ring.columns(3).calls]).toEqual([...calls.slice(-3)]);
  });

  test('what the gateway remembers comes before what was heard, without doubles', () => {
    const ring = new Ring();
    ring.push([3000, 0, 0, 0, 3, null, null]);
    ring.push([4000, 0, 0, 0, 4, 5, 0.5]);
    ring.backfill([
      [1000, 0, 0, 0, 1, 7, 0.7],
      [2000, 0, 0, 0, 2, null, null],
      [3000, 0, 0, 0, 3, null, null],
    ]);
    expect([...ring.columns().calls]).toEqual([1, 2, 3, 4]);
    expect([...ring.columns().memory]).toEqual([7, NaN, NaN, 5]);
    expect([...ring.columns().cpu]).toEqual([0.7, NaN, NaN, 0.5]);
  });
});

describe('the rows of a list', () => {
  const heights = [10, 30, 10, 50];
  const extents = new Extents(heights.length, (index) => heights[index] ?? 0);

  test('begin where those above them end', () => {
    expect([0, 1, 2, 3, 4].map((index) => extents.before(index))).toEqual([0, 10, 40, 50, 100]);
  });

  test.each([
    [0, 0],
    [9.9, 0],
    [10, 1],
    [39, 1],
    [49, 2],
    [99, 3],
    [5000, 3],
    [-5, 0],
  ])('at %f px is row %i', (position, row) => {
    expect(extents.at(position)).toBe(row);
  });

  test('of an empty list are none', () => {
    const none = new Extents(0, () => 10);
    expect([none.before(0), none.at(7)]).toEqual([0, 0]);
  });
});

test('a small plot ends at the right edge and is as high as its highest value', () => {
  expect(outline([], 4, 11.5)).toEqual({ line: '', area: '' });
  expect(outline([0, 5, 10], 4, 11.5).line).toBe('M1 11.5L2 6.5L3 1.5');
  expect(outline([9, 9, 0, 0], 2, 10).line).toBe('M0 10L1 10');
});

test('sums count from now backwards', () => {
  expect(sumOfTails([[1, 2, 3], [10], []], 5)).toEqual([1, 2, 13]);
  expect(sumOfTails([[1, 2, 3], [10]], 2)).toEqual([2, 13]);
  expect(sumOfTails([], 5)).toEqual([]);
});

test('the sign says what is known, and why nothing is', () => {
  const word = (...args: Parameters<typeof signOf> extends [unknown, ...infer R] ? R : never) =>
    signOf(en, ...args).word;
  expect(word(null, null)).toBe('Connecting');
  expect(word(status(), null)).toBe('Running');
  expect(word(status({ state: 'degraded' }), null)).toBe('Needs attention');
  expect(word(status(), { kind: 'unreachable' })).toBe('Not reachable');
  expect(word(null, { kind: 'failed', cause: { en: '', zh: '' } })).toBe('Not running');
  expect(word(null, { kind: 'waiting', what: { en: '', zh: '' } })).toBe('Connecting');
  expect(word(null, { kind: 'unauthorized' })).toBe('Not known');
});

test.each([
  ['4298', 4298],
  [' 1 ', 1],
  ['65535', 65535],
  ['0', null],
  ['65536', null],
  ['4298x', null],
  ['-1', null],
  ['', null],
])('“%s” is the port %s', (text, port) => {
  expect(portOf(text)).toBe(port);
});

test('a page follows the port that it came through, and no other', () => {
  expect(movedPage('http://localhost:4298/ui/#/settings', 4298, 5000)).toBe(
    'http://localhost:5000/ui/',
  );
  expect(movedPage('http://localhost/ui/', 80, 5000)).toBe('http://localhost:5000/ui/');
  expect(movedPage('https://gateway.example.com/mcp/ui/', 4298, 5000)).toBeNull();
  expect(movedPage('http://localhost:9000/ui/', 4298, 5000)).toBeNull();
});
