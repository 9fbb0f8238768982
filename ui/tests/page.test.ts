import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { preferences } from '../src/state/preferences.svelte';
import StatusView from '../src/views/StatusView.svelte';
import { failing, serve, server, status, tools, type Answers } from './fixtures';

let answers: Answers;

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = { '/api/status': status(), '/tools': { tools } };
  serve(answers);
});

afterEach(cleanup);

test('a healthy gateway: its address, its servers, its tools', async () => {
  render(StatusView);
  expect(await screen.findByText('http://localhost:4298/mcp')).toBeTruthy();
  expect(
    screen.getByText('claude mcp add --transport http gateway http://localhost:4298/mcp'),
  ).toBeTruthy();
  expect(screen.getByText('version 1.2.3')).toBeTruthy();
  expect(screen.getByText('1 of 1')).toBeTruthy();
  expect(screen.getByText('1 h 6 min')).toBeTruthy();
  const row = screen.getByRole('row', { name: /demo/ });
  expect(within(row).getByText('Ready')).toBeTruthy();
  expect(within(row).getByText('0 busy · 1 open · 1 max')).toBeTruthy();
  expect(await screen.findByText('demo_echo')).toBeTruthy();
  expect(screen.getByText('No description')).toBeTruthy();
});

test('a failing server says why, what to do and what it printed', async () => {
  answers['/api/status'] = status({ state: 'degraded', servers: [server('demo'), failing] });
  render(StatusView);
  expect(await screen.findByText('The program “uvx” was not found.')).toBeTruthy();
  expect(screen.getByText('Needs attention')).toBeTruthy();
  expect(screen.getByText('Install uv.')).toBeTruthy();
  expect(screen.getByText('What it printed last (2 lines)')).toBeTruthy();
  expect(screen.getByText(/first line\s+second line/)).toBeTruthy();
  expect(screen.getByText('1 of 2')).toBeTruthy();
});

test('notices and clashes are shown in the reader’s language', async () => {
  answers['/api/status'] = status({
    notices: [{ en: 'Listening on loopback only.', zh: '仅监听本机地址。' }],
    clashes: [{ name: 'demo_echo', server: 'two', tool: 'echo', exposedAs: 'demo_echo_2' }],
  });
  render(StatusView);
  expect(await screen.findByText('Listening on loopback only.')).toBeTruthy();
  expect(screen.getByText('demo_echo_2')).toBeTruthy();
  await fireEvent.click(screen.getByRole('radio', { name: '简体中文' }));
  expect(screen.getByText('仅监听本机地址。')).toBeTruthy();
  expect(screen.getByText('工具重名')).toBeTruthy();
});

test('an unreachable gateway is never shown as an empty one', async () => {
  answers['/api/status'] = new TypeError('Failed to fetch');
  render(StatusView);
  expect(await screen.findByRole('heading', { name: 'Could not reach the gateway' })).toBeTruthy();
  expect(screen.queryByText('No servers yet')).toBeNull();
  expect(screen.queryByRole('heading', { name: 'Tools' })).toBeNull();
});

test('a gateway that goes away later keeps its last state on screen, and says so', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  render(StatusView);
  await screen.findByText('demo_echo');
  answers['/api/status'] = new TypeError('Failed to fetch');
  await vi.advanceTimersByTimeAsync(2000);
  expect(screen.getByRole('alert').textContent).toContain('Could not reach the gateway');
  expect(screen.getByText('demo_echo')).toBeTruthy();
  vi.useRealTimers();
});

test('without a token the page says which commands help', async () => {
  sessionStorage.clear();
  render(StatusView);
  expect(await screen.findByText('mcp-gateway ui')).toBeTruthy();
  expect(screen.getByText('mcp-gateway status')).toBeTruthy();
});

test('a stranger on the port is called one', async () => {
  answers['/api/status'] = new Response('<h1>It works</h1>');
  render(StatusView);
  expect(await screen.findByText('The answer could not be read')).toBeTruthy();
});

test('no servers, and servers that are still starting, are told apart', async () => {
  answers['/api/status'] = status({ servers: [] });
  answers['/tools'] = Response.json({ error: 'starting' }, { status: 503 });
  render(StatusView);
  expect(await screen.findByText('No servers yet')).toBeTruthy();
  expect(await screen.findByText(/No server is ready yet/)).toBeTruthy();
});

test('the filter leaves what contains all its words, and can be taken back', async () => {
  render(StatusView);
  const filter = await screen.findByRole('searchbox', { name: 'Filter tools' });
  await fireEvent.input(filter, { target: { value: 'AGAIN demo' } });
  expect(screen.getByText('1 of 2 tools')).toBeTruthy();
  expect(screen.queryByText('demo_add')).toBeNull();
  await fireEvent.input(filter, { target: { value: 'zzz' } });
  expect(screen.getByText('No tool matches “zzz”.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Show all tools' }));
  expect(screen.getByText('demo_add')).toBeTruthy();
});

test('copying says that it worked, or selects the text where it cannot', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  render(StatusView);
  const copy = await screen.findByRole('button', { name: 'Copy: Address' });
  await fireEvent.click(copy);
  expect(writeText).toHaveBeenCalledWith('http://localhost:4298/mcp');
  expect(await within(copy).findByText('Copied')).toBeTruthy();
  writeText.mockRejectedValueOnce(new Error('denied'));
  await fireEvent.click(screen.getByRole('button', { name: 'Copy: Add to Claude Code' }));
  expect(await screen.findByText(/copy it with the keyboard/)).toBeTruthy();
});
