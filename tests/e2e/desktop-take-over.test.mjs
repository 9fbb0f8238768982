/** The app starts where a gateway already runs on its data: in a terminal, or as a service. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { fake, local } from './support/servers.mjs';
import { needed } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

const HELLO = { tools: [{ name: 'hello', does: [{ text: 'hello' }] }] };

/** A gateway of the same user, on the same data and port, started by this program. */
async function runs(program, args, script = HELLO) {
  const hello = fake(desktop.own, 'fake', script);
  desktop.own.writeConfig({ servers: [local('fake', hello)] });
  const gateway = desktop.own.start(program, args, {
    MCP_GATEWAY_PORT: String(desktop.port),
    MCP_GATEWAY_KEYCHAIN: 'off',
  });
  await until('the gateway listens', () => gateway.output.includes('listening on http'));
  return gateway;
}

test('a gateway in a terminal makes room, and its clients hardly notice', async () => {
  const gateway = await runs(needed('MCP_GATEWAY_BIN'), []);
  const client = await connect(desktop.endpoint);
  assert.equal(await client.call('fake_hello'), 'hello');

  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);

  assert.deepEqual(await gateway.ended, { code: 0, signal: null }, gateway.output);
  assert.match(gateway.output, /app goes on in this gateway's place/);
  await tray.entry('1 of 1 server, 1 tool');
  await tray.shows('dark-ok');
  assert.equal(await client.call('fake_hello'), 'hello', 'in the same session');
  await client.close();
  await app.quit();
  // What was said before the folder was the app's own is kept as well.
  const log = desktop.own.path('home/.local/share/mcp-gateway/logs/gateway.log');
  assert.match(readFileSync(log, 'utf8'), /gateway\/info: it has made room/);
});

test('what the app waits for is told in the window', async () => {
  const gate = desktop.own.path('open');
  const slow = { tools: [{ name: 'slow', does: [{ gate }, { text: 'done' }] }] };
  const gateway = await runs(needed('MCP_GATEWAY_BIN'), [], slow);
  const client = await connect(desktop.endpoint);
  const call = client.call('fake_slow');
  await until('the call has arrived', async () => {
    const health = await fetch(new URL('/health', desktop.endpoint));
    return (await health.json()).pool.fake.active === 1;
  });
  const app = await desktop.startDrivable();
  await app.window();
  const window = await app.drive();
  await window.says('The gateway is starting');
  await window.says(
    /Waiting until a gateway \(process \d+, at http:\/\/127\.0\.0\.1:\d+\) has finished/,
  );
  writeFileSync(gate, '');
  assert.equal(await call, 'done');
  await window.see('heading', 'Your endpoint');
  assert.deepEqual(await gateway.ended, { code: 0, signal: null }, gateway.output);
  await client.close();
  await app.quit();
});

test('a service is left alone, and the window says how it is stopped', async () => {
  // systemd tells a service that it is one.
  const line = 'SYSTEMD_EXEC_PID=$$ exec "$0"';
  const gateway = await runs('sh', ['-c', line, needed('MCP_GATEWAY_BIN')]);
  const app = await desktop.startDrivable();
  await app.window();
  const window = await app.drive();
  await window.says('The gateway could not start');
  await window.says(/gateway that runs as a service \(process \d+, at http:\/\/127\.0\.0\.1:\d+\)/);
  assert.equal(gateway.child.exitCode, null);

  gateway.child.kill('SIGTERM');
  assert.deepEqual(await gateway.ended, { code: 0, signal: null }, gateway.output);
  await window.click('button', 'Try again');
  await window.see('heading', 'Your endpoint');
  await app.quit();
});
