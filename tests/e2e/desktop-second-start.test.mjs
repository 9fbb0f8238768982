/** Starting the app while it runs, and starting it without its window, as a login does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useDesktop } from './support/desktop.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

test('a second start shows the window of the first, in front, and ends', async () => {
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.shows('dark-ok');
  await app.staysWithoutWindow();

  const second = desktop.start();
  assert.deepEqual(await second.ended, { code: 0, signal: null }, second.output);
  const id = await app.window();
  const other = desktop.session.start('xmessage', ['in front']);
  await until('another window is in front', async () => {
    const active = await desktop.active();
    return active !== '' && active !== id;
  });
  const third = desktop.start();
  assert.deepEqual(await third.ended, { code: 0, signal: null }, third.output);
  await until('the window is in front again', async () => (await desktop.active()) === id);
  assert.deepEqual(await app.windows(), [id]);
  assert.equal(await tray.count(), 1);
  other.child.kill();

  await app.closeWindow();
  const login = desktop.start(['--hidden']);
  assert.deepEqual(await login.ended, { code: 0, signal: null }, login.output);
  await app.staysWithoutWindow();
  await app.quit();
});

test('started hidden, it shows its window where there is no tray to come back through', async () => {
  const app = desktop.start(['--hidden']);
  await app.window();
  await app.quit();
});
