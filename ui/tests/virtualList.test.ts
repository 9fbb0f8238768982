import { cleanup, render, screen } from '@testing-library/svelte';
import { createRawSnippet, tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import VirtualList from '../src/components/VirtualList.svelte';

const HEIGHT = 40;
const items = Array.from({ length: 5000 }, (_, index) => `tool_${index}`);
const row = createRawSnippet((item: () => string) => ({ render: () => `<b>${item()}</b>` }));

let top: number;

beforeEach(() => {
  top = 0;
  vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(
    () => new DOMRect(0, top, 600, 0),
  );
});
afterEach(cleanup);

const open = (of = items) =>
  render(VirtualList<string>, {
    items: of,
    key: (item: string) => item,
    label: 'Tools',
    height: HEIGHT,
    row,
  });
const shown = () => screen.getAllByRole('listitem');

async function scrollTo(position: number) {
  top = -position;
  dispatchEvent(new Event('scroll'));
  await tick();
}

test('only what can be seen is in the document, and a screen reader knows of the rest', () => {
  open();
  expect(shown().length).toBeLessThan(innerHeight / HEIGHT + 12);
  expect(shown()[0]?.textContent).toBe('tool_0');
  expect(shown()[0]?.getAttribute('aria-setsize')).toBe('5000');
  expect(shown()[2]?.getAttribute('aria-posinset')).toBe('3');
});

test('scrolling shows other rows in the same place of a list that stays as high', async () => {
  open();
  const list = screen.getByRole('list', { name: 'Tools' });
  const high = () =>
    parseFloat(list.style.paddingTop) +
    parseFloat(list.style.paddingBottom) +
    shown().length * HEIGHT;
  expect(high()).toBe(5000 * HEIGHT);
  await scrollTo(100_000);
  expect(screen.getByText('tool_2500')).toBeTruthy();
  expect(screen.queryByText('tool_0')).toBeNull();
  expect(high()).toBe(5000 * HEIGHT);
  await scrollTo(10_000_000);
  expect(screen.getByText('tool_4999')).toBeTruthy();
});

test('a row that stays keeps its element when others come and go', async () => {
  const { rerender } = open();
  const kept = screen.getByText('tool_3');
  await rerender({ items: items.slice(2) });
  expect(screen.getByText('tool_3')).toBe(kept);
  expect(screen.queryByText('tool_0')).toBeNull();
});

test('a list can be empty', () => {
  open([]);
  expect(screen.queryAllByRole('listitem')).toEqual([]);
});
