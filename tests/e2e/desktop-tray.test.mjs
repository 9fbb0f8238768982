/** The tray: what its menu says and does, and what its icon shows. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { fake, local } from './support/servers.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

const file = () => desktop.own.path('home/.config/mcp-gateway/config.json');
const text = () => readFileSync(file(), 'utf8');

/** A server with one tool, which answers with the id of its process. */
const pid = (name) => fake(desktop.own, name, { tools: [{ name: 'pid', does: ['pid'] }] });

/** A file as people keep it: with their remarks and keys that nobody else knows. */
const kept = (command) => `{
  // What we use in the team.
  "servers": [
    // Everything on the shared disk.
    {
      "name": "files", // see the wiki
      "command": ${JSON.stringify(command)},
      "owner": "ops",
    },
  ],
}
`;

/** The text without the line of this entry, which must be there. */
function without(text, entry) {
  const lines = text.split('\n');
  const rest = lines.filter((line) => line.trim() !== entry);
  assert.equal(rest.length, lines.length - 1, text);
  return rest.join('\n');
}

test('a server that fails is named with its cause, which leads to its page', async () => {
  const missing = desktop.own.path('home/bin/search');
  desktop.own.writeConfig({
    servers: [local('files', pid('files')), local('search & find', [missing])],
  });
  const tray = await desktop.tray();
  const app = await desktop.startDrivable(['--hidden']);
  await tray.shows('dark-warn');
  await tray.entry('1 of 2 servers, 1 tool');
  await tray.becomes(['Needs attention'], { enabled: false });
  const cause = /^search & find — the command .*\/bin\/search/;
  await tray.entry(cause);

  // Without a window, it is built with this page; with one, the page changes.
  await tray.click(cause);
  await app.window();
  const window = await app.drive();
  await window.see('heading', 'search & find');
  await window.says('was not found');
  await tray.click('Servers', 'files', 'Open…');
  await window.see('heading', 'files');
  await tray.click('Servers', 'Add server…');
  await window.see('heading', 'Add a server');

  mkdirSync(dirname(missing));
  writeFileSync(missing, `#!/bin/sh\nexec ${pid('search').join(' ')}\n`, { mode: 0o755 });
  await tray.click('Servers', /^search & find/, 'Restart');
  await tray.entry('2 of 2 servers, 2 tools');
  await tray.shows('dark-ok');
  assert.doesNotMatch(await tray.outline(), /attention|not found/);
  await app.quit();
});

test('restart and enable act on the server, and the file keeps what its owner wrote', async () => {
  desktop.own.writeConfig(kept(pid('files')));
  const before = text();
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.becomes(['Servers', 'files', 'Enabled'], { checked: true, enabled: true });
  await tray.entry('1 of 1 server, 1 tool');
  const client = await connect(desktop.endpoint);
  const first = await client.call('files_pid');

  await tray.click('Servers', 'files', 'Restart');
  await until('another process answers', async () => (await client.call('files_pid')) !== first);

  await tray.click('Servers', 'files', 'Enabled');
  await tray.becomes(['Servers', 'files (Disabled)', 'Enabled'], { checked: false });
  await tray.becomes(['Servers', 'files (Disabled)', 'Restart'], { enabled: false });
  await tray.shows('dark-off');
  assert.deepEqual(await client.tools(), []);
  assert.equal(without(text(), '"enabled": false,'), before);

  await tray.click('Servers', 'files (Disabled)', 'Enabled');
  await tray.becomes(['Servers', 'files', 'Enabled'], { checked: true });
  await tray.shows('dark-ok');
  assert.deepEqual(await client.tools(), ['files_pid']);
  assert.equal(without(text(), '"enabled": true,'), before);
  await client.close();
  await app.quit();
});

test('the endpoint is copied', async () => {
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.click('Copy endpoint');
  await until('it is on the clipboard', async () => {
    return (await desktop.clipboard()) === desktop.endpoint;
  });
  await app.quit();
});

test('the menu speaks the user’s language, and the one that is chosen in the window', async () => {
  desktop.own.writeConfig({ servers: [local('files', pid('files')), local('gone', ['/gone'])] });
  const tray = await desktop.tray();
  const app = await desktop.startDrivable([], { LC_ALL: 'zh_CN.UTF-8' });
  await tray.entry(/^gone：.*\/gone/);
  assert.match(
    await tray.outline(),
    /^需要处理 \(grey\)\n1\/2 个服务器可用，1 个工具 \(grey\)[^]*服务器\n[^]*复制接入地址[^]*\n打开 MCP Gateway\n\[ \] 登录时启动\n---\n退出$/,
  );
  await app.window();
  const window = await app.drive();
  await window.goTo('#/settings', '设置');
  await window.click('radio', 'English');
  await window.see('heading', 'Settings');
  await tray.entry(/^gone — /);
  await tray.entry('Quit');
  await window.click('radio', 'Like the system');
  await tray.entry('退出');
  await window.click('radio', 'English');
  await tray.entry('Quit');
  await tray.click('Quit');
  await app.hasQuit();

  const next = desktop.start(['--hidden'], { LC_ALL: 'zh_CN.UTF-8' });
  await tray.entry('1 of 2 servers, 1 tool');
  await next.quit();
});

test('run at login is switched in the tray and in the window, and both show it', async () => {
  const entry = desktop.own.path('home/.config/autostart/MCP Gateway.desktop');
  const tray = await desktop.tray();
  const app = await desktop.startDrivable();
  await app.window();
  const window = await app.drive();
  await window.goTo('#/settings', 'Settings');
  const shows = (on) =>
    until(`the switch is ${on}`, async () => {
      const element = await window.see('switch', 'Run at login');
      return (await window.script('return arguments[0].ariaChecked', element)) === String(on);
    });
  await shows(false);
  await tray.becomes(['Run at login'], { checked: false });

  await tray.click('Run at login');
  await tray.becomes(['Run at login'], { checked: true });
  await shows(true);
  const desktopEntry = readFileSync(entry, 'utf8');
  assert.match(desktopEntry, /^Exec=.*mcp-gateway-desktop"? --hidden$/m);
  assert.match(desktopEntry, /^Name=MCP Gateway$/m);

  await window.click('switch', 'Run at login');
  await shows(false);
  await tray.becomes(['Run at login'], { checked: false });
  assert.equal(existsSync(entry), false);
  await app.quit();
});

test('the icon changes with the state of the servers', async () => {
  const gate = desktop.own.path('open');
  const late = fake(desktop.own, 'late', { on: { initialize: [{ gate }, 'default'] } });
  desktop.own.writeConfig({ servers: [local('late', late)] });
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.entry('Servers', 'late (Starting)');
  await tray.shows('dark-busy');
  writeFileSync(gate, '');
  await tray.shows('dark-ok');

  const lasting = text();
  writeFileSync(file(), lasting.replace(late[0], '/gone'));
  await app.quit();
  const next = desktop.start(['--hidden']);
  await tray.shows('dark-bad');
  await next.quit();
});

test('every mistake of a file is told with its line, and the gateway starts when it is mended', async () => {
  desktop.own.writeConfig('{\n  "servers": "none",\n  "gateway": { "port": "many" }\n}');
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.entry('The gateway could not start');
  await tray.shows('dark-bad');
  assert.match(
    await tray.outline(),
    /^The gateway could not start\nThe configuration file cannot be used: .* \(grey\)\nLine 2: servers: .* \(grey\)\nLine 3: gateway\.port: .* \(grey\)\nTry again$/m,
  );
  desktop.own.writeConfig({ servers: [local('files', pid('files'))] });
  await tray.entry('1 of 1 server, 1 tool');
  await tray.shows('dark-ok');

  // The same while it runs: what was in force stays in force.
  const sound = text();
  writeFileSync(file(), '{\n  "servers": [],\n  "gateway": { "port": "many" }\n}');
  await tray.entry('The configuration file has a problem');
  await tray.entry(/^Line 3: gateway\.port: /);
  await tray.entry('1 of 1 server, 1 tool');
  await tray.shows('dark-warn');
  writeFileSync(file(), sound);
  await tray.shows('dark-ok');
  await app.quit();
});

test('a gateway that could not start is tried again from the tray', async () => {
  desktop.own.writeConfig({ servers: [local('files', pid('files'))] });
  const stranger = createServer((socket) => socket.destroy());
  stranger.listen(desktop.port, '127.0.0.1');
  await once(stranger, 'listening');
  const tray = await desktop.tray();
  const app = desktop.start(['--hidden']);
  await tray.entry('The gateway could not start');
  await tray.shows('dark-bad');
  stranger.close();
  await once(stranger, 'close');
  await tray.click('Try again');
  await tray.entry('1 of 1 server, 1 tool');
  await tray.shows('dark-ok');
  await app.quit();
});

test('the doctor is one click away, and how much it found is told', async () => {
  desktop.own.writeConfig({ servers: [local('gone', ['/no/such/program'])] });
  const tray = await desktop.tray();
  const app = await desktop.startDrivable(['--hidden']);
  await tray.click('Doctor…');
  await app.window();
  const window = await app.drive();
  await window.see('heading', 'Doctor');
  await tray.entry(/^Doctor: \d+ findings?…$/);
  await app.quit();
});
