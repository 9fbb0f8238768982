/** From the click on Authorize in the real window to a tool call with the user's own account. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startAliyun } from './support/aliyun.mjs';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { startKeyring } from './support/desktop-keyring.mjs';
import {
  installBrowser,
  installLauncher,
  openAddress,
  startOpening,
} from './support/desktop-opener.mjs';
import { drivable } from './support/desktop-window.mjs';
import { keepShot } from './support/shots.mjs';
import { freePort, needed } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

const SIGNED_IN = /Signed in to .*\balice\b/;
const FORGED = 'mcp-gateway://oauth/callback?code=stolen&state=forged';
const MESSAGES = 'section[aria-label*="F8"]';

/** A desktop with an unlocked keyring, a browser, the launcher of the app, and Alibaba Cloud. */
async function prepare() {
  await startKeyring(desktop);
  const aliyun = await startAliyun(desktop.session);
  const browser = await installBrowser(desktop, 'alice');
  await installLauncher(desktop, 'mcp-gateway.desktop', needed('MCP_GATEWAY_DESKTOP_BIN'));
  desktop.own.writeConfig(aliyun.config);
  return { aliyun, browser };
}

/** Asks the admin API as the owner of this gateway does. */
async function ask(method, path, body) {
  const file = desktop.own.path('home/.local/share/mcp-gateway/admin.token');
  const answer = await fetch(new URL(path, desktop.endpoint), {
    method,
    headers: {
      Authorization: `Bearer ${readFileSync(file, 'utf8').trim()}`,
      'Content-Type': 'application/json',
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Calls the service's tool that says whose account it runs under, as a client with access. */
async function whoAmI() {
  const { token } = await ask('POST', '/api/grants', { label: 'e2e' });
  const client = await connect(desktop.endpoint, token);
  try {
    return await client.call('ecs_whoami');
  } finally {
    await client.close();
  }
}

async function authorize(window) {
  await window.goTo('#/accounts', 'Accounts');
  await window.click('button', /^Authorize/);
}

test('a click on Authorize ends in a working tool call', async () => {
  const { aliyun, browser } = await prepare();
  const tray = await desktop.tray();
  const app = await desktop.startDrivable();
  await app.window();
  const window = await app.drive();
  await tray.entry(/needs sign-in/i);

  await authorize(window);
  await window.says(SIGNED_IN);
  keepShot('accounts-signed-in', await window.shot());
  const visited = browser.visited();
  assert.equal(await whoAmI(), 'alice');
  assert.equal((await ask('GET', '/api/secrets')).key.where, 'keychain');
  await until('the tray asks for nothing', async () => !/sign-in/i.test(await tray.outline()));

  // The same answer again, and a forged one, do nothing but say so.
  const exchanges = (await aliyun.counts()).exchange.asked;
  for (const address of [browser.answer(), FORGED]) {
    await openAddress(desktop, address);
    await window.find(`${MESSAGES} li.bad`);
    await window.clickOn(`${MESSAGES} li.bad .close`);
    await until('it is not said any more', () =>
      window.script('return document.querySelector(arguments[0]) === null', `${MESSAGES} li.bad`),
    );
  }
  assert.equal((await aliyun.counts()).exchange.asked, exchanges);
  assert.equal(await whoAmI(), 'alice');
  await app.quit();

  // Who has signed in stays so, and nobody is asked again.
  const next = desktop.start();
  await tray.entry(/^1 of 1 server/);
  assert.equal(await whoAmI(), 'alice');
  assert.equal(browser.visited(), visited);
  await next.quit();
});

test('the answer to a sign-in starts the app that has been quit meanwhile', async () => {
  await prepare();
  const first = desktop.start(['--hidden']);
  await first.window();
  const { accounts } = await ask('GET', '/api/accounts');
  const { authorizeUrl } = await ask('POST', '/api/accounts/sign-in', {
    provider: accounts[0].provider,
  });
  await first.quit();

  // The page in the browser was open all the while.
  const port = await freePort();
  const opening = startOpening(desktop, authorizeUrl, drivable(port));
  const app = await desktop.startedBy(opening);
  app.target = port;
  await app.window();
  const window = await app.drive();
  await window.says(SIGNED_IN);
  assert.equal(await whoAmI(), 'alice');
  await app.quit();
});

test('a client that asks for access is named in the tray, and let in from the window', async () => {
  await prepare();
  const tray = await desktop.tray();
  const app = await desktop.startDrivable(['--hidden']);
  await tray.entry(/needs sign-in/i);
  const redirect = 'http://127.0.0.1:9/callback';
  const registered = await fetch(new URL('/oauth/register', desktop.endpoint), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Some Client',
      redirect_uris: [redirect],
      token_endpoint_auth_method: 'none',
    }),
  });
  const page = new URL('/oauth/authorize', desktop.endpoint);
  page.search = new URLSearchParams({
    response_type: 'code',
    client_id: (await registered.json()).client_id,
    redirect_uri: redirect,
    state: 's',
    resource: desktop.endpoint,
    code_challenge_method: 'S256',
    code_challenge: 'c'.repeat(43),
  });
  await fetch(page);
  const asks = /^Some Client asks for access$/;
  await tray.entry(asks);
  await tray.click(asks);
  await app.window();
  const window = await app.drive();
  await window.see('heading', 'Accounts');
  await window.says('Some Client');
  keepShot('accounts-approval', await window.shot());
  // It lets nobody in by a click that was meant for something else.
  await until('it can be allowed', async () =>
    window.script('return !arguments[0].disabled', await window.see('button', /^Allow/)),
  );
  await window.click('button', /^Allow/);
  await until('nobody asks any more', async () => !(await tray.outline()).includes('Some Client'));
  await app.quit();
});
