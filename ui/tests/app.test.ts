/** The window as a whole: what it shows of what the gateway says, and how one gets around in it. */

import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import { entrance } from '../src/state/entrance.svelte';
import { feed } from '../src/state/feed.svelte';
import { preferences } from '../src/state/preferences.svelte';
import { toasts } from '../src/state/toasts.svelte';
import { EventStream, failing, pulse, serve, server, status, type Answers } from './fixtures';

let events: EventStream;
let answers: Answers;
let fetch: ReturnType<typeof serve>;

const bridge = {
  command: '/opt/mcp-stdio-bridge',
  entry: '{\n  "mcpServers": {}\n}',
  configFile: '/home/dev/.config/Claude/claude_desktop_config.json',
  url: 'http://localhost:4298/mcp',
};
const settings = {
  port: 4298,
  portFrom: 'file',
  endpoint: 'http://localhost:4298/mcp',
  configPath: '/home/dev/config.json',
  revision: 'r1',
  dataDir: '/home/dev/data',
  version: '1.2.3',
  logLevel: 'info',
};

beforeEach(() => {
  preferences.languageChoice = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  location.href = 'http://localhost:4298/ui/#/';
  feed.status = feed.pulse = feed.outage = null;
  events = new EventStream();
  answers = { '/api/events': events, '/api/bridge': bridge, '/api/settings': settings };
  fetch = serve(answers);
});

afterEach(() => {
  cleanup();
  toasts.list.forEach((toast) => toasts.dismiss(toast.id));
});

/** Opens the window on a gateway with `parts`. */
async function open(parts: Parameters<typeof status>[0] = {}) {
  render(App);
  await vi.waitFor(() => expect(events.listeners).toBe(1));
  events.send('status', status(parts));
  await vi.waitFor(() => expect(feed.status).not.toBeNull());
  await tick();
}

const sent = (method: string, path: string) =>
  fetch.mock.calls.filter(([url, init]) => url.pathname === path && init?.method === method);

async function goTo(hash: string) {
  location.hash = hash;
  await vi.waitFor(() => expect(document.querySelector('h1')).toBe(document.activeElement));
}

test('Home: the endpoint, ready-made entries, and how busy it is', async () => {
  await open();
  expect(screen.getByRole('heading', { level: 1, name: 'Home' })).toBeTruthy();
  expect(screen.getByText('http://localhost:4298/mcp')).toBeTruthy();
  expect(
    screen.getByText('claude mcp add --transport http gateway http://localhost:4298/mcp'),
  ).toBeTruthy();
  expect(await screen.findByText(bridge.configFile)).toBeTruthy();
  expect(screen.getByText('1 of 1')).toBeTruthy();
  events.send('pulse', pulse(1000, { demo: { active: 1, total: 2, calls: 7 } }));
  expect(await screen.findByText('7 calls/s · 1 busy of 2 connections')).toBeTruthy();
  expect(screen.getByRole('link', { name: /^demo 7\/s 1 busy/ })).toBeTruthy();
});

test('the document and the navigation name the screen, the heading gets the focus', async () => {
  await open();
  expect(document.title).toBe('Home · MCP Gateway');
  expect(document.activeElement).toBe(document.body);
  await goTo('#/settings');
  expect(document.title).toBe('Settings · MCP Gateway');
  expect(document.activeElement?.textContent).toBe('Settings');
  const navigation = screen.getByRole('navigation', { name: 'Screens' });
  const current = within(navigation).getByRole('link', { current: 'page' });
  expect(current.textContent?.trim()).toBe('Settings');
});

test('what needs attention says why, what to do, and leads there', async () => {
  answers['POST /api/servers/ops/restart'] = {};
  await open({ state: 'degraded', servers: [server('demo'), failing] });
  const card = screen.getByRole('region', { name: 'Needs attention' });
  expect(within(card).getByText('The program “uvx” was not found.')).toBeTruthy();
  expect(within(card).getByText('Install uv.')).toBeTruthy();
  expect(within(card).getByRole('link', { name: 'Edit ops' }).getAttribute('href')).toBe(
    '#/servers/ops/edit',
  );
  await fireEvent.click(within(card).getByRole('button', { name: 'Restart ops' }));
  expect(await screen.findByText('ops is being restarted.')).toBeTruthy();
  expect(sent('POST', '/api/servers/ops/restart')).toHaveLength(1);
  events.send('status', status());
  await vi.waitFor(() =>
    expect(screen.queryByRole('region', { name: 'Needs attention' })).toBeNull(),
  );
});

test('the first start invites to add a server, and only then', async () => {
  await open({ servers: [server('demo', { builtIn: true })], configPath: null });
  expect(screen.getByRole('link', { name: 'Add your first server' }).getAttribute('href')).toBe(
    '#/servers/new',
  );
  events.send('status', status({ servers: [server('files')] }));
  await vi.waitFor(() =>
    expect(screen.queryByRole('link', { name: 'Add your first server' })).toBeNull(),
  );
});

test('every mistake of the file is told on every screen, with its place', async () => {
  const problem = (line: number, en: string, zh: string) => ({
    key: line > 0 ? `servers[${line}]` : '',
    line,
    column: line > 0 ? 7 : 0,
    message: { en, zh },
    remedy: line > 0 ? null : { en: 'Put it back', zh: '请恢复它' },
  });
  await open({
    configProblems: [
      problem(3, 'a comma is missing', '缺少逗号'),
      problem(0, 'it is gone', '没了'),
    ],
  });
  const told = async () => {
    expect(
      await screen.findByRole('heading', {
        name: 'The configuration file cannot be used: 2 problems',
      }),
    ).toBeTruthy();
    expect(screen.getByText('Line 3, column 7')).toBeTruthy();
    expect(screen.getByText('servers[3]')).toBeTruthy();
    expect(screen.getByText(/a comma is missing/i)).toBeTruthy();
    expect(screen.getByText(/put it back/i)).toBeTruthy();
  };
  await told();
  await goTo('#/settings');
  await told();
});

test('the bridge is tried and tells what it saw, or why it saw nothing', async () => {
  answers['/api/bridge/try'] = { tools: ['demo_echo', 'demo_add'], took: 412, stderr: '' };
  await open();
  const button = await screen.findByRole('button', { name: 'Try it' });
  await fireEvent.click(button);
  expect(await screen.findByText('It works: the bridge saw 2 tools in 412 ms.')).toBeTruthy();
  expect(screen.getByText('demo_echo')).toBeTruthy();
  answers['/api/bridge/try'] = new TypeError('Failed to fetch');
  await fireEvent.click(button);
  expect(await screen.findByText(/did not get through. Could not reach the gateway/)).toBeTruthy();
});

test('notices and clashes are shown in the reader’s language', async () => {
  await open({
    notices: [{ en: 'Listening on loopback only.', zh: '仅监听本机地址。' }],
    clashes: [{ name: 'demo_echo', server: 'two', tool: 'echo', exposedAs: 'demo_echo_2' }],
  });
  expect(screen.getByText('Listening on loopback only.')).toBeTruthy();
  expect(screen.getByText('demo_echo_2')).toBeTruthy();
  preferences.languageChoice = 'zh';
  await tick();
  expect(screen.getByText('仅监听本机地址。')).toBeTruthy();
  expect(screen.getByText('工具重名')).toBeTruthy();
  expect(document.title).toBe('首页 · MCP Gateway');
});

test('an unreachable gateway is never shown as an empty one', async () => {
  answers['/api/events'] = new TypeError('Failed to fetch');
  render(App);
  expect(await screen.findByRole('heading', { name: 'Could not reach the gateway' })).toBeTruthy();
  expect(screen.queryByRole('link', { name: 'Add your first server' })).toBeNull();
});

test('a gateway that goes away later keeps its last state on screen, and says so', async () => {
  await open();
  answers['/api/events'] = new TypeError('Failed to fetch');
  events.end();
  const alert = await screen.findByRole('alert', {}, { timeout: 3000 });
  expect(alert.textContent).toContain('Could not reach the gateway');
  expect(screen.getByText('http://localhost:4298/mcp')).toBeTruthy();
});

test('without a token the page says which commands help; settings of the page are still there', async () => {
  sessionStorage.clear();
  render(App);
  expect(await screen.findByText('mcp-gateway ui')).toBeTruthy();
  expect(screen.getByText('mcp-gateway status')).toBeTruthy();
  await goTo('#/settings');
  expect(screen.getByRole('radio', { name: '简体中文' })).toBeTruthy();
});

test('a one-time code in the address lets the page in, once', async () => {
  sessionStorage.clear();
  answers['/api/codes/redeem'] = { token: 'fresh' };
  location.href = 'http://localhost:4298/ui/#code=once';
  const entering = entrance.enter();
  await open();
  await entering;
  expect(sessionStorage.getItem('mcp-gateway.token')).toBe('fresh');
  expect(location.hash).toBe('');
  expect(screen.getByText('http://localhost:4298/mcp')).toBeTruthy();
});

test('a code that was used already is told apart from a missing token', async () => {
  sessionStorage.clear();
  answers['/api/codes/redeem'] = Response.json({ error: 'no' }, { status: 401 });
  location.href = 'http://localhost:4298/ui/#code=twice';
  void entrance.enter();
  render(App);
  expect(await screen.findByText(/older than a minute/)).toBeTruthy();
});

test('copying says that it worked, or selects the text where it cannot', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText }, languages: ['en'] });
  await open();
  const copy = screen.getByRole('button', { name: 'Copy: Address' });
  await fireEvent.click(copy);
  expect(writeText).toHaveBeenCalledWith('http://localhost:4298/mcp');
  expect(await within(copy).findByText('Copied')).toBeTruthy();
  writeText.mockRejectedValueOnce(new Error('denied'));
  await fireEvent.click(screen.getByRole('button', { name: 'Copy: Add to Claude Code' }));
  expect(await screen.findByText(/copy it with the keyboard/)).toBeTruthy();
});

test('a new port is checked before it is sent, and a taken one says who has it', async () => {
  await open();
  await goTo('#/settings');
  const port = await screen.findByLabelText('Port');
  const save = () => fireEvent.submit(port);
  await fireEvent.input(port, { target: { value: '70000' } });
  await save();
  expect(screen.getByText(/between 1 and 65535/)).toBeTruthy();
  expect(sent('PATCH', '/api/settings')).toHaveLength(0);
  answers['PATCH /api/settings'] = Response.json(
    {
      error: 'taken',
      code: 'invalid',
      message: { en: 'The port is taken.', zh: '端口被占用。' },
      remedy: null,
      fields: [{ field: 'port', message: { en: 'Taken by postgres.', zh: '被 postgres 占用。' } }],
      current: null,
      revision: null,
    },
    { status: 422 },
  );
  await fireEvent.input(port, { target: { value: '5432' } });
  await save();
  expect(await screen.findByText('Taken by postgres.')).toBeTruthy();
  expect(sent('PATCH', '/api/settings')[0]?.[1]?.body).toBe('{"port":5432}');
});

test('a port that was set from outside says where, and cannot be changed here', async () => {
  answers['/api/settings'] = { ...settings, portFrom: 'environment' };
  await open();
  await goTo('#/settings');
  expect(await screen.findByText(/MCP_GATEWAY_PORT/)).toBeTruthy();
  expect((screen.getByLabelText('Port') as HTMLInputElement).disabled).toBe(true);
});

test('the language and the theme are chosen in the settings', async () => {
  await open();
  await goTo('#/settings');
  await fireEvent.click(screen.getByRole('radio', { name: '简体中文' }));
  expect(document.documentElement.lang).toBe('zh-CN');
  await fireEvent.click(screen.getByRole('radio', { name: '深色' }));
  expect(document.documentElement.dataset['theme']).toBe('dark');
  await fireEvent.click(screen.getAllByRole('radio', { name: '跟随系统' })[0] as HTMLElement);
  expect(preferences.languageChoice).toBeNull();
  expect(localStorage.getItem('mcp-gateway.language')).toBeNull();
  preferences.theme = 'system';
});
