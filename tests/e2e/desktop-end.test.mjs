/** The end: calls in flight are finished, and no child is left, however the app is ended. */

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { fake, local } from './support/servers.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

/** Starts the app and calls a tool that answers when `finish` is called. */
async function withCallInFlight(args = [], grandchild = true) {
  const [began, open] = ['began', 'open'].map((name) => desktop.own.path(name));
  const slow = fake(desktop.own, 'slow', {
    tools: [{ name: 'work', does: [{ touch: began }, { gate: open }, { text: 'done' }] }],
    grandchild,
  });
  desktop.own.writeConfig({ servers: [local('slow', slow)] });
  const tray = await desktop.tray();
  const app = desktop.start(args);
  await tray.entry('1 of 1 server, 1 tool');
  const client = await connect(desktop.endpoint);
  const call = client.call('slow_work');
  // It may be lost before anybody waits for it.
  call.catch(() => {});
  await until('the server works on the call', () => existsSync(began));
  return { app, tray, call, finish: () => writeFileSync(open, '') };
}

/** Waits until nobody new is let in. */
const refuses = () =>
  until('the gateway has closed its door', async () => {
    try {
      await fetch(`http://127.0.0.1:${desktop.port}/health`);
      return false;
    } catch {
      return true;
    }
  });

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  test(`${signal} lets a call in flight finish, then ends the app and every child`, async () => {
    const { app, tray, call, finish } = await withCallInFlight();
    await app.window();
    app.child.kill(signal);
    await refuses();
    // What can be seen goes at once.
    await until('the window is gone', async () => (await app.windows()).length === 0);
    await until('the icon is gone', async () => (await tray.count()) === 0);
    assert.equal(app.child.exitCode, null);
    finish();
    assert.equal(await call, 'done');
    await app.hasQuit();
  });
}

test('a second signal does not wait for the call', async () => {
  // What a server leaves behind at such an end is ended at the next start, as after a kill.
  const { app, call } = await withCallInFlight(['--hidden'], false);
  app.child.kill('SIGTERM');
  await refuses();
  app.child.kill('SIGTERM');
  assert.deepEqual(await app.ended, { code: 130, signal: null });
  await assert.rejects(call);
  await desktop.own.allEnded();
});

test('quitting from the tray lets a call in flight finish, and a new start gets a new app', async () => {
  const { app, tray, call, finish } = await withCallInFlight();
  await app.window();
  await tray.click('Quit');
  await refuses();
  const next = desktop.start();
  await next.window();
  // It waits for the one before it: two would write one store.
  finish();
  assert.equal(await call, 'done');
  assert.deepEqual(await app.ended, { code: 0, signal: null });
  await tray.entry('1 of 1 server, 1 tool');
  await next.quit();
});

test('an app that was killed leaves no child behind once it is started again', async () => {
  const { app } = await withCallInFlight(['--hidden']);
  const left = () => desktop.own.processes().filter((line) => line.includes('slow.script'));
  const [child] = left();
  app.child.kill('SIGKILL');
  await app.ended;
  const next = desktop.start(['--hidden']);
  await until('the new app has a server', () => left().length > 0 && !left().includes(child));
  await next.quit();
});
