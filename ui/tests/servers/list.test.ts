import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import ServersView from '../../src/views/servers/ServersView.svelte';
import { failing, serve, server, status, type Answers } from '../fixtures';

const saved = { revision: 'r2', undo: 'u1', path: '/p', notices: [] };
const files = server('files', {
  tools: 2,
  offered: 5,
  pool: { total: 2, active: 1, idle: 1, max: 4, waiting: 3 },
  description: 'My documents',
});
let answers: Answers;
let fetch: ReturnType<typeof serve>;

/** What was asked for by `method`: path and body. */
const asked = (method: string) =>
  fetch.mock.calls
    .filter(([, init]) => init?.method === method)
    .map(([url, init]) => [
      url.pathname,
      init?.body == null ? null : JSON.parse(String(init.body)),
    ]);
const row = (name: string) => within(screen.getByRole('link', { name }).closest('li')!);

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = {};
  fetch = serve(answers);
  feed.status = status({ servers: [files, server('git'), failing] });
});

afterEach(() => {
  cleanup();
  for (const toast of toasts.list) toasts.dismiss(toast.id);
  vi.useRealTimers();
});

test('a row tells the state, the tools, the connections and what it is for', () => {
  render(ServersView);
  expect(screen.getByText('3 servers')).toBeTruthy();
  expect(row('files').getByText('Ready')).toBeTruthy();
  expect(row('files').getByText('2 of 5 tools')).toBeTruthy();
  expect(row('files').getByText('1 busy · 2 open · 4 max')).toBeTruthy();
  expect(row('files').getByText('3 calls waiting')).toBeTruthy();
  expect(row('files').getByText('My documents')).toBeTruthy();
  expect(row('git').getByText('2 tools')).toBeTruthy();
});

test('a failing server says why, what to do and what it printed', () => {
  render(ServersView);
  expect(row('ops').getByText('The program “uvx” was not found.')).toBeTruthy();
  expect(row('ops').getByText('Install uv.')).toBeTruthy();
  expect(row('ops').getByText(/first line\s+second line/)).toBeTruthy();
});

test('the filter goes by name, command, description and state', async () => {
  render(ServersView);
  const filter = screen.getByRole('searchbox', { name: 'Filter servers' });
  const names = () =>
    screen.getAllByRole('listitem').map((item) => within(item).getByRole('link').textContent);
  for (const [text, left] of [
    ['documents', ['files']],
    ['npx git', ['git']],
    ['FAILING', ['ops']],
  ] as const) {
    await fireEvent.input(filter, { target: { value: text } });
    expect(names()).toEqual(left);
  }
  await fireEvent.input(filter, { target: { value: 'zzz' } });
  expect(screen.getByText('No server matches “zzz”.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Show all servers' }));
  expect(names()).toEqual(['files', 'git', 'ops']);
});

test('the switch asks the gateway and shows at once where it goes', async () => {
  answers['PATCH /api/servers/git'] = saved;
  render(ServersView);
  const toggle = screen.getByRole('switch', { name: 'Switch on git' });
  expect(toggle.getAttribute('aria-checked')).toBe('true');
  await fireEvent.click(toggle);
  expect(toggle.getAttribute('aria-checked')).toBe('false');
  await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('git is switched off.'));
  expect(asked('PATCH')).toEqual([['/api/servers/git', { enabled: false }]]);
});

test('a switch that the gateway refuses goes back, with the reason', async () => {
  const problem = {
    error: 'no',
    code: 'failed',
    message: { en: 'The file is read-only.', zh: '文件只读。' },
    remedy: null,
    fields: [],
    current: null,
    revision: null,
  };
  answers['PATCH /api/servers/git'] = Response.json(problem, { status: 500 });
  render(ServersView);
  const toggle = screen.getByRole('switch', { name: 'Switch on git' });
  await fireEvent.click(toggle);
  await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('The file is read-only.'));
  expect(toggle.getAttribute('aria-checked')).toBe('true');
});

test('the menu opens with the keyboard, goes round, and closes with Escape', async () => {
  render(ServersView);
  const button = screen.getByRole('button', { name: 'Actions for git' });
  button.focus();
  await fireEvent.keyDown(button, { key: 'ArrowDown' });
  await tick();
  const items = () => screen.getAllByRole('menuitem');
  expect(items().map((item) => item.textContent?.trim())).toEqual([
    'Restart',
    'Edit',
    'Duplicate',
    'Remove',
  ]);
  expect(document.activeElement).toBe(items()[0]);
  await fireEvent.keyDown(items()[0]!, { key: 'ArrowUp' });
  expect(document.activeElement).toBe(items()[3]);
  await fireEvent.keyDown(items()[3]!, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(items()[0]);
  await fireEvent.keyDown(items()[0]!, { key: 'Escape' });
  expect(screen.queryByRole('menu')).toBeNull();
  expect(document.activeElement).toBe(button);
});

test('removing happens at once and can be undone; the focus goes to the neighbour', async () => {
  answers['DELETE /api/servers/git'] = saved;
  answers['POST /api/undo'] = { ...saved, undo: null };
  render(ServersView);
  await fireEvent.click(screen.getByRole('button', { name: 'Actions for git' }));
  await fireEvent.click(screen.getByRole('menuitem', { name: 'Remove' }));
  expect(screen.queryByRole('link', { name: 'git' })).toBeNull();
  await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('git is removed.'));
  expect(document.activeElement).toBe(screen.getByRole('link', { name: 'ops' }));
  expect(asked('DELETE')).toEqual([['/api/servers/git', null]]);
  // The status tells of it, and then of its return.
  feed.status = status({ servers: [files, failing] });
  await tick();
  await toasts.act(toasts.list.at(-1)!);
  expect(asked('POST')).toEqual([['/api/undo', { undo: 'u1' }]]);
  feed.status = status({ servers: [files, server('git'), failing] });
  await tick();
  expect(screen.getByRole('link', { name: 'git' })).toBeTruthy();
});

test('a removal that is refused brings the row back', async () => {
  answers['DELETE /api/servers/git'] = new TypeError('Failed to fetch');
  render(ServersView);
  await fireEvent.click(screen.getByRole('button', { name: 'Actions for git' }));
  await fireEvent.click(screen.getByRole('menuitem', { name: 'Remove' }));
  await vi.waitFor(() => expect(screen.getByRole('link', { name: 'git' })).toBeTruthy());
  expect(toasts.list.at(-1)?.tone).toBe('bad');
});

test('the demo explains itself and cannot be changed', () => {
  feed.status = status({ servers: [server('demo', { builtIn: true })] });
  render(ServersView);
  expect(screen.getByText('Built-in demo')).toBeTruthy();
  expect(screen.getByText(/Add a server of your own and this one goes/)).toBeTruthy();
  expect(screen.queryByRole('switch')).toBeNull();
});

test('without servers there is a way to the first one', () => {
  feed.status = status({ servers: [] });
  render(ServersView);
  expect(screen.getByText('No servers yet')).toBeTruthy();
  for (const link of screen.getAllByRole('link', { name: 'Add a server' })) {
    expect(link.getAttribute('href')).toBe('#/servers/new');
  }
});

test('of two hundred servers only those that can be seen are in the document', () => {
  feed.status = status({ servers: Array.from({ length: 200 }, (_, i) => server(`server-${i}`)) });
  render(ServersView);
  expect(screen.getByText('200 servers')).toBeTruthy();
  expect(screen.getAllByRole('listitem').length).toBeLessThan(40);
});
