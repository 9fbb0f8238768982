/** Desktops that lack something: tray icons, the library for them, a session bus, a display. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { useDesktop } from './support/desktop.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

const CHINESE = 'zh_CN.UTF-8';

/** Serves clients, and says in the window that it does. */
async function works(app) {
  await app.window();
  const window = await app.drive();
  await window.says(desktop.endpoint);
  await window.says('Running');
  assert.equal((await fetch(`http://127.0.0.1:${desktop.port}/tools`)).status, 200);
  return window;
}

test('without a tray, closing minimizes the window, and the page says so until one comes', async () => {
  const app = await desktop.startDrivable();
  const window = await works(app);
  await window.says('This desktop shows no tray icons');
  await window.says('closing the window only minimizes it');

  const id = await app.window();
  await app.pressClose();
  await until('the window is minimized', async () => (await desktop.stateOf(id)) === 'Iconic');
  assert.equal(app.pages().length, 1);
  const second = desktop.start();
  assert.deepEqual(await second.ended, { code: 0, signal: null }, second.output);
  assert.equal(await app.window(), id);

  const tray = await desktop.tray();
  await tray.shows('dark-ok');
  await until('the page knows', async () => !(await window.text()).includes('no tray icons'));
  await app.closeWindow();
  await tray.click('Open MCP Gateway');
  await app.window();
  await app.quit();
});

test('where the tray goes away while no window is there, the app can still be found', async () => {
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.shows('dark-ok');
  tray.close();
  const second = desktop.start();
  assert.deepEqual(await second.ended, { code: 0, signal: null }, second.output);
  const id = await app.window();
  await app.pressClose();
  await until('the window is minimized', async () => (await desktop.stateOf(id)) === 'Iconic');
  await app.quit();
});

test('without a session bus it says so and how to do without, and works', async () => {
  for (const [DBUS_SESSION_BUS_ADDRESS, LC_ALL, sentence] of [
    ['unix:path=/nowhere', 'en_US.UTF-8', /There is no D-Bus session bus here/],
    [undefined, CHINESE, /这里没有 D-Bus 会话总线/],
  ]) {
    const app = await desktop.startDrivable([], { DBUS_SESSION_BUS_ADDRESS, LC_ALL });
    await app.window();
    await until('it says so', () => sentence.test(app.output));
    assert.match(app.output, /mcp-gateway$/m);
    const window = await app.drive();
    await window.says(desktop.endpoint);
    app.child.kill('SIGTERM');
    assert.deepEqual(await app.ended, { code: 0, signal: null });
    // Without an address, a library below WebKit starts a bus for the display, and leaves it there.
    await until('no child is left', () => {
      const left = desktop.own.processes().filter((line) => /mcp-|WebKit/.test(line));
      if (left.length > 0) throw new Error(left.join('\n'));
      return true;
    });
  }
});

test('without the library for tray icons it says which package has it, and works', async () => {
  // Found before the real ones, and no libraries.
  const folder = desktop.own.path('libraries');
  mkdirSync(folder);
  for (const name of ['libayatana-appindicator3.so', 'libappindicator3.so'])
    for (const version of ['', '.1']) writeFileSync(`${folder}/${name}${version}`, '');
  await desktop.tray();
  for (const [LC_ALL, sentence] of [
    ['en_US.UTF-8', /There is no tray icon, because its library cannot be loaded/],
    [CHINESE, /没有托盘图标：无法加载所需的库/],
  ]) {
    const app = await desktop.startDrivable(['--hidden'], { LD_LIBRARY_PATH: folder, LC_ALL });
    await app.window();
    assert.match(app.output, sentence);
    assert.match(app.output, /libayatana-appindicator3-1/);
    assert.match(app.output, /mcp-gateway$/m);
    assert.doesNotMatch(app.output, /panicked/);
    const window = await app.drive();
    await window.says(desktop.endpoint);
    await app.quit();
  }
});

test('without a display it says so in the user’s language and how to do without', async () => {
  for (const [DISPLAY, LC_ALL, sentence] of [
    ['', 'en_US.UTF-8', /There is no display here/],
    ['', CHINESE, /没有图形界面/],
    [':9876', 'en_US.UTF-8', /cannot be opened/],
    [':9876', CHINESE, /无法打开/],
  ]) {
    const app = desktop.start([], { DISPLAY, LC_ALL });
    assert.deepEqual(await app.ended, { code: 1, signal: null });
    assert.match(app.output, sentence);
    assert.match(app.output, /mcp-gateway$/m);
    await desktop.own.allEnded();
  }
});

test('its options are explained, even without a display', async () => {
  for (const [argument, LC_ALL, code, sentence] of [
    ['--help', 'en_US.UTF-8', 0, /--hidden +begin in the tray, without a window/],
    ['--help', CHINESE, 0, /--hidden +只在托盘中启动，不显示窗口/],
    ['--version', 'en_US.UTF-8', 0, /^mcp-gateway-desktop \d+\.\d+\.\d+$/m],
    ['--port', 'en_US.UTF-8', 2, /unknown argument --port; --help tells which there are/],
  ]) {
    const app = desktop.start([argument], { DISPLAY: '', LC_ALL });
    assert.deepEqual(await app.ended, { code, signal: null });
    assert.match(app.output, sentence);
  }
});
