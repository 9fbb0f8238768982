/** The page in the desktop window, with a shell that answers. */

import { emit } from '@tauri-apps/api/event';
import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import type { Desktop } from '../src/api/tauri';
import { desktop } from '../src/state/desktop.svelte';
import { feed } from '../src/state/feed.svelte';
import { preferences } from '../src/state/preferences.svelte';
import { toasts } from '../src/state/toasts.svelte';
import { status } from './fixtures';

interface Internals {
  runCallback(id: number, data: unknown): void;
}

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
const refusal = { message: { en: 'The folder cannot be written.', zh: '目录不可写。' } };

let info: Desktop;
let asked: [string, unknown][];
let refuse: string[];

const tell = (callback: number, data: unknown) =>
  (globalThis as never as { __TAURI_INTERNALS__: Internals }).__TAURI_INTERNALS__.runCallback(
    callback,
    data,
  );

beforeEach(() => {
  Object.assign(globalThis, { isTauri: true });
  preferences.languageChoice = 'en';
  localStorage.clear();
  location.href = 'http://localhost/#/';
  feed.status = feed.pulse = feed.outage = null;
  desktop.info = null;
  asked = [];
  refuse = [];
  info = {
    trayHost: true,
    autostart: false,
    autostartError: null,
    language: 'en',
    theme: null,
    platform: 'linux',
  };
  mockIPC(
    (command, args) => {
      const { channel, path, on } = args as { channel: { id: number }; path: string; on: boolean };
      asked.push([command, args]);
      if (refuse.includes(command)) throw refusal;
      if (command === 'desktop') return info;
      if (command === 'set_autostart') info = { ...info, autostart: on };
      if (command === 'api') {
        return { status: path === '/api/settings' ? 200 : 404, body: JSON.stringify(settings) };
      }
      if (command === 'stream') {
        const text = `event: status\ndata: ${JSON.stringify(status())}\n\n`;
        tell(channel.id, { index: 0, message: { kind: 'head', status: 200 } });
        tell(channel.id, { index: 1, message: { kind: 'chunk', text } });
      }
      return undefined;
    },
    { shouldMockEvents: true },
  );
});

afterEach(async () => {
  cleanup();
  // The page takes its listeners back a moment later.
  await new Promise((done) => setTimeout(done));
  toasts.list.forEach((toast) => toasts.dismiss(toast.id));
  clearMocks();
  Reflect.deleteProperty(globalThis, 'isTauri');
  preferences.theme = 'system';
});

const sent = (command: string) =>
  asked.filter(([name]) => name === command).map(([, args]) => args);

async function open() {
  render(App);
  await screen.findByText('http://localhost:4298/mcp');
  await vi.waitFor(() => expect(desktop.info).not.toBeNull());
}

async function openSettings() {
  await open();
  location.hash = '#/settings';
  await screen.findByRole('heading', { level: 1, name: 'Settings' });
}

test('it needs no token, and its stream ends with the page', async () => {
  await open();
  cleanup();
  expect(sent('stop_stream')).toHaveLength(1);
});

test('the shell’s language and theme are the page’s', async () => {
  info = { ...info, language: 'zh', theme: 'dark' };
  await open();
  await screen.findByRole('heading', { level: 1, name: '首页' });
  expect(document.documentElement.dataset['theme']).toBe('dark');
});

test('a choice is told to the shell', async () => {
  await openSettings();
  await fireEvent.click(screen.getByRole('radio', { name: '简体中文' }));
  await fireEvent.click(screen.getByRole('radio', { name: '深色' }));
  expect(sent('set_language')).toEqual([{ language: 'zh' }]);
  expect(sent('set_theme')).toEqual([{ theme: 'dark' }]);
});

test('run at login is switched here, and a refusal says why', async () => {
  await openSettings();
  const login = await screen.findByRole('switch', { name: 'Run at login' });
  await fireEvent.click(login);
  await vi.waitFor(() => expect(login.getAttribute('aria-checked')).toBe('true'));
  expect(sent('set_autostart')).toEqual([{ on: true }]);
  refuse = ['set_autostart'];
  await vi.waitFor(() => expect(login.getAttribute('aria-busy')).toBe('false'));
  await fireEvent.click(login);
  expect(await screen.findByText('The folder cannot be written.')).toBeTruthy();
  await vi.waitFor(() => expect(login.getAttribute('aria-checked')).toBe('true'));
});

test('folders are opened', async () => {
  await openSettings();
  await fireEvent.click(await screen.findByRole('button', { name: 'Open: Data folder' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Open: Configuration file' }));
  expect(sent('open_path')).toEqual([{ which: 'data' }, { which: 'config' }]);
});

test('a desktop without tray icons is explained once', async () => {
  info = { ...info, trayHost: false };
  await open();
  expect(await screen.findByText('This desktop shows no tray icons')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Understood' }));
  expect(screen.queryByText('This desktop shows no tray icons')).toBeNull();
  expect(localStorage.getItem('mcp-gateway.no-tray-seen')).toBe('yes');
});

test('the tray leads to a screen, and its changes are heard', async () => {
  await open();
  await emit('go', '/settings');
  await screen.findByRole('heading', { level: 1, name: 'Settings' });
  info = { ...info, autostart: true };
  await emit('desktop-changed');
  const login = await screen.findByRole('switch', { name: 'Run at login' });
  await vi.waitFor(() => expect(login.getAttribute('aria-checked')).toBe('true'));
});
