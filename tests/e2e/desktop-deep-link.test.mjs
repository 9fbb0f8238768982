/** Addresses of the app, `mcp-gateway://…`, opened by the desktop: they reach it, running or not. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startAliyun } from './support/aliyun.mjs';
import { useDesktop } from './support/desktop.mjs';
import {
  entryText,
  installBrowser,
  installLauncher,
  isInstalled,
  LAUNCHER,
  openAddress,
  opensThrough,
  startOpening,
} from './support/desktop-opener.mjs';
import { drivable } from './support/desktop-window.mjs';
import { freePort, needed } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

/** The entry that a build writes which was not installed. */
const OWN = 'mcp-gateway-desktop-handler.desktop';
/** What opens the addresses where nobody has chosen. */
const USUAL = isInstalled() ? LAUNCHER : OWN;
/** An answer to a sign-in that nobody has begun. */
const FORGED = 'mcp-gateway://oauth/callback?code=planted-code&state=planted-state';
const OTHER = 'mcp-gateway://servers/add?command=rm';
const IGNORED = 'asks for something that this version does not know';

/** Says in the window that nothing came of an answer, and nowhere what was in it. */
async function refuses(app, window) {
  const text = await until('it says why', async () => {
    const messages = await window.see('region', /^Messages/);
    return window.script('return arguments[0].innerText', messages);
  });
  assert.doesNotMatch(text, /planted/);
  assert.doesNotMatch(app.output, /planted/);
  assert.equal((await fetch(`http://127.0.0.1:${desktop.port}/tools`)).status, 200);
}

/** Starts the app through the desktop, with an address; its window can be driven. */
async function startCold(address, env = {}) {
  const port = await freePort();
  const opening = startOpening(desktop, address, { ...drivable(port), ...env });
  const app = await desktop.startedBy(opening);
  app.target = port;
  return app;
}

test('an address reaches the app that runs, and what came of it is said once', async () => {
  const tray = await desktop.tray();
  const app = await desktop.startDrivable(['--hidden']);
  await tray.shows('dark-ok');
  await opensThrough(desktop, USUAL);
  await app.staysWithoutWindow();

  await openAddress(desktop, OTHER);
  const id = await app.window();
  const window = await app.drive();
  await window.says(IGNORED);
  await window.click('button', 'Close');
  await until('it is not said any more', async () => !(await window.text()).includes(IGNORED));

  await openAddress(desktop, 'mcp-gateway:nonsense', ['gio', 'open']);
  await window.says(IGNORED);
  await window.click('button', 'Close');
  await openAddress(desktop, FORGED);
  await refuses(app, window);
  assert.deepEqual(await app.windows(), [id]);
  await app.quit();
});

test('an address starts the app that does not run', async () => {
  await installLauncher(desktop, LAUNCHER, needed('MCP_GATEWAY_DESKTOP_BIN'));
  for (const [address, check] of [
    [OTHER, (_, window) => window.says(IGNORED)],
    [FORGED, refuses],
  ]) {
    const app = await startCold(address);
    await app.window();
    const window = await app.drive();
    await check(app, window);
    await app.quit();
  }
});

test('it is said in the user’s language', async () => {
  await installLauncher(desktop, LAUNCHER, needed('MCP_GATEWAY_DESKTOP_BIN'));
  const app = await startCold(OTHER, { LC_ALL: 'zh_CN.UTF-8' });
  await app.window();
  const window = await app.drive();
  await window.says('已忽略一个指向 MCP Gateway 的链接：当前版本不支持它要求的操作。');
  await app.quit();
});

const installed = isInstalled() && 'the launcher of the package has them';

test(
  'a build that was not installed takes the addresses only where they reach nobody',
  { skip: installed },
  async () => {
    const program = needed('MCP_GATEWAY_DESKTOP_BIN');
    const first = desktop.start();
    await opensThrough(desktop, OWN);
    assert.match(entryText(desktop, OWN), new RegExp(`^Exec=${program} %u$`, 'm'));
    await first.quit();

    // Its program is gone.
    const entry = desktop.own.path('home/.local/share/applications', OWN);
    writeFileSync(entry, readFileSync(entry, 'utf8').replace(program, '/gone/mcp-gateway-desktop'));
    const second = desktop.start();
    await until('it is written anew', () => entryText(desktop, OWN).includes(program));
    await second.quit();
  },
);

test('who opens the addresses already goes on doing so', async () => {
  await installLauncher(desktop, LAUNCHER, '/usr/bin/true');
  const app = desktop.start();
  await app.window();
  await openAddress(desktop, OTHER);
  await opensThrough(desktop, LAUNCHER);
  await app.quit();
  assert.equal(existsSync(desktop.own.path('home/.local/share/applications', OWN)), false);
});

test('only addresses of the app are taken on its command line', async () => {
  const app = desktop.start(['https://example.com/?code=1']);
  assert.deepEqual(await app.ended, { code: 2, signal: null });
  assert.match(app.output, /unknown argument https:\/\/example\.com/);
});

/** What the page asks of the shell; gives what the shell says to it. */
const ask = (window, command, args) =>
  window.script(
    `return window.__TAURI_INTERNALS__.invoke(...arguments).then(() => 'done', (no) => no.message.en)`,
    command,
    args,
  );

test('a sign-in begins in the system’s browser and comes back to the app', async () => {
  const aliyun = await startAliyun(desktop.session);
  const browser = await installBrowser(desktop, 'alice');
  const app = await desktop.startDrivable();
  await app.window();
  await opensThrough(desktop, USUAL);
  const window = await app.drive();
  await window.says(desktop.endpoint);

  const { oauth } = aliyun.config;
  const page = new URL(oauth.authorizationEndpoint);
  page.search = new URLSearchParams({
    response_type: 'code',
    client_id: oauth.clientId,
    redirect_uri: oauth.redirectUri,
    scope: oauth.scope,
    state: 'planted-state',
    code_challenge_method: 'S256',
    code_challenge: 'c'.repeat(43),
  });
  assert.equal(await ask(window, 'open_sign_in', { url: page.href }), 'done');
  await until('the browser has handed the answer over', () =>
    browser.visited().includes('opener 0\n'),
  );
  assert.match(browser.answer(), /^mcp-gateway:.*code=.*state=planted-state/);
  // The app began no such sign-in: nobody gets a token for it.
  await refuses(app, window);
  assert.equal((await aliyun.counts()).exchange, undefined);

  for (const url of ['file:///etc/passwd', 'mcp-gateway://oauth/callback?code=1', '--help'])
    assert.match(await ask(window, 'open_sign_in', { url }), /not one of the web/);
  await app.quit();
});
