import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogLine } from '../../src/api/types';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { router } from '../../src/state/route.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import LogTab from '../../src/views/servers/LogTab.svelte';
import { LOG_LINES } from '../../src/views/servers/logBuffer.svelte';
import ServerView from '../../src/views/servers/ServerView.svelte';
import SettingsTab from '../../src/views/servers/SettingsTab.svelte';
import { EventStream, failing, serve, server, status, type Answers, line } from '../fixtures';
import { localForm } from './forms';

const saved = { revision: 'r2', undo: 'u1', path: '/p', notices: [] };
let answers: Answers;
let fetch: ReturnType<typeof serve>;

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = {
    '/api/servers/files/tools': { tools: [] },
    '/api/servers/ops/log': new EventStream(),
    '/api/servers/files/log': new EventStream(),
  };
  fetch = serve(answers);
  feed.status = status({ servers: [server('files', { description: 'Mine' }), failing] });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  for (const toast of toasts.list) toasts.dismiss(toast.id);
});

const lines = (from: number, count: number): LogLine[] =>
  Array.from({ length: count }, (_, i) => ({ ...line(from + i), text: `line ${from + i}.` }));

test('the page says how the server fares and what it is', () => {
  render(ServerView, { name: 'files' });
  expect(screen.getByRole('heading', { level: 1, name: 'files' })).toBeTruthy();
  expect(screen.getByText('npx -y files')).toBeTruthy();
  expect(screen.getByText('Mine')).toBeTruthy();
  expect(screen.getByText('0 busy · 1 open · 1 max')).toBeTruthy();
});

test('arrow keys go through its parts', async () => {
  render(ServerView, { name: 'files' });
  const selected = () => screen.getByRole('tab', { selected: true });
  expect(selected().textContent?.trim()).toBe('Tools');
  await fireEvent.keyDown(selected(), { key: 'ArrowRight' });
  await tick();
  expect(selected().textContent?.trim()).toBe('Log');
  expect(document.activeElement).toBe(selected());
  expect(screen.getByRole('tabpanel').getAttribute('aria-labelledby')).toBe(selected().id);
  expect(screen.getAllByRole('tab').filter((tab) => tab.tabIndex === 0)).toEqual([selected()]);
  await fireEvent.keyDown(selected(), { key: 'Home' });
  await fireEvent.keyDown(selected(), { key: 'ArrowLeft' });
  expect(selected().textContent?.trim()).toBe('Settings');
});

test('a server that never worked shows its log first, and why', () => {
  render(ServerView, { name: 'ops' });
  expect(screen.getByRole('tab', { selected: true }).textContent?.trim()).toBe('Log');
  expect(screen.getByText('Install uv.')).toBeTruthy();
});

test('restarting and removing are told; removing leads to the list', async () => {
  answers['POST /api/servers/files/restart'] = {};
  answers['DELETE /api/servers/files'] = saved;
  render(ServerView, { name: 'files' });
  await fireEvent.click(screen.getByRole('button', { name: 'Restart' }));
  await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('files is being restarted.'));
  await fireEvent.click(screen.getByRole('button', { name: 'Remove' }));
  await vi.waitFor(() => expect(router.route).toEqual({ screen: 'servers' }));
  expect(toasts.list.at(-1)?.action?.label).toBe('Undo');
});

test('a server that is not there is missed after a moment, not at once', async () => {
  vi.useFakeTimers();
  render(ServerView, { name: 'nobody' });
  expect(screen.queryByText(/There is no server/)).toBeNull();
  await vi.advanceTimersByTimeAsync(3000);
  expect(screen.getByText('There is no server “nobody”')).toBeTruthy();
  feed.status = status({ servers: [server('nobody')] });
  await tick();
  expect(screen.getByText('npx -y nobody')).toBeTruthy();
});

const logOf = (name: string | null) => ({
  name,
  label: `Output of ${name ?? 'the gateway'}`,
  hint: 'nothing yet',
});

test('the gateway’s own log has one origin, so there is none to choose', async () => {
  const stream = new EventStream();
  answers['/api/log'] = stream;
  render(LogTab, logOf(null));
  expect(screen.getByText('nothing yet')).toBeTruthy();
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  stream.send('lines', { lines: lines(1, 2) });
  expect(await screen.findByText('2 lines')).toBeTruthy();
  expect(screen.getByRole('log', { name: 'Output of the gateway' })).toBeTruthy();
  expect(screen.queryByRole('combobox')).toBeNull();
});

test('the log keeps its last lines, and filters them', async () => {
  const stream = new EventStream();
  answers['/api/servers/files/log'] = stream;
  render(LogTab, logOf('files'));
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  stream.send('lines', { lines: lines(0, LOG_LINES + 500) });
  expect(await screen.findByText(/^2,000 lines/)).toBeTruthy();
  const log = screen.getByRole('log', { name: 'Output of files' });
  expect(log.textContent).not.toContain('line 499.');
  expect(log.textContent).toContain('line 500.');
  await fireEvent.input(screen.getByRole('searchbox', { name: 'Filter lines' }), {
    target: { value: 'line 2499.' },
  });
  expect(screen.getByText('1 of 2,000 lines', { exact: false })).toBeTruthy();
  expect(log.textContent?.trim()).toMatch(/^\d\d:\d\d:\d\d {2}line 2499\.$/);
});

test('copying takes the lines that are shown', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  const stream = new EventStream();
  answers['/api/servers/files/log'] = stream;
  render(LogTab, logOf('files'));
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  stream.send('lines', { lines: lines(7, 2) });
  await fireEvent.click(await screen.findByRole('button', { name: 'Copy' }));
  expect(writeText).toHaveBeenCalledWith('line 7.\nline 8.\n');
});

test('a log that breaks off says so, and goes on where the gateway does', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const stream = new EventStream();
  answers['/api/servers/files/log'] = stream;
  render(LogTab, logOf('files'));
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  stream.send('lines', { lines: lines(0, 3) });
  await screen.findByText('3 lines');
  stream.end();
  expect(await screen.findByText('The log is interrupted. The page keeps trying.')).toBeTruthy();
  await vi.advanceTimersByTimeAsync(2000);
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  expect(screen.getByText('3 lines')).toBeTruthy();
  stream.send('lines', { lines: lines(1, 4) });
  expect(await screen.findByText('4 lines')).toBeTruthy();
  expect(screen.queryByText(/The log is interrupted/)).toBeNull();
});

test('a log that nobody looks at is not listened to', async () => {
  const stream = new EventStream();
  answers['/api/servers/files/log'] = stream;
  const { unmount } = render(LogTab, logOf('files'));
  await vi.waitFor(() => expect(stream.listeners).toBe(1));
  unmount();
  await vi.waitFor(() => expect(stream.listeners).toBe(0));
});

test('settings tell what applies, and the entry as the file has it, without secrets', async () => {
  answers['/api/servers/files'] = {
    server: server('files'),
    form: localForm({ poolSize: 3, exclude: ['write'] }),
    revision: 'r1',
    entry: null,
    defaults: { callTimeout: 300_000, poolSize: 1, prefix: 'files' },
  };
  answers['/api/config'] = {
    path: '/home/dev/config.json',
    revision: 'r1',
    text: '{"servers": [{"name": "files", /* mine */ "env": {"API_KEY": "s3cret"}}]}',
  };
  render(SettingsTab, { server: server('files') });
  expect(await screen.findByText('300 s (default)')).toBeTruthy();
  expect(screen.getByText('API_KEY=••••••')).toBeTruthy();
  expect(screen.getByText('write')).toBeTruthy();
  expect(screen.getByText(/\/\* mine \*\//)).toBeTruthy();
  expect(document.body.textContent).not.toContain('s3cret');
  await fireEvent.click(screen.getByRole('checkbox', { name: 'Show secret values' }));
  expect(screen.getByText('API_KEY=s3cret')).toBeTruthy();
  expect(screen.getByText(/"API_KEY": "s3cret"/)).toBeTruthy();
  expect(fetch).toHaveBeenCalledTimes(2);
});
