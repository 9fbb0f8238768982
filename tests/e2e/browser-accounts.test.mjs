/** The screen Accounts: signing in, clients that ask for access, tokens made by hand, and secrets. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { startAliyun } from './support/aliyun.mjs';
import { overflow, untranslated, violations } from './support/audit.mjs';
import { useBrowser, VIEWPORT } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { closeToasts, goTo, toast } from './support/page.mjs';
import { keepShot } from './support/shots.mjs';
import { freePort, Surroundings } from './support/surroundings.mjs';

const TITLE = 'Alibaba Cloud International';
const SMALL = { width: 480, height: 700 };
/** What is the same in every language, or was written by whoever uses this. */
const NAMES = [
  'MCP Gateway',
  'MCP',
  'Claude Code',
  'Some Client',
  'The laptop',
  'Authorization',
  'MCP_GATEWAY_PASSPHRASE',
];

const browser = useBrowser();
let own;
let gateway;
let ecs;

before(async () => {
  own = new Surroundings();
  const port = await freePort();
  const redirect = `http://localhost:${port}/oauth/callback`;
  const { config } = await startAliyun(own, ['--redirect', redirect]);
  // Without `redirectUri`: answers go to the gateway itself.
  const { redirectUri: _, ...oauth } = config.oauth;
  own.writeConfig({ ...config, oauth, servers: [] });
  gateway = await startGateway(own, { port });
  ecs = new URL('/ecs/mcp', gateway.endpoint).href;
});

after(() => own?.clear());

async function accounts(options) {
  const page = await browser.open(gateway.door, options);
  await page.locator('nav a[href="#/accounts"]').click();
  await page.getByRole('heading', { level: 1, name: /^(Accounts|账号)$/ }).waitFor();
  return page;
}

const card = (page) => page.getByRole('region', { name: TITLE, exact: true });

/** Clicks Authorize and goes through the login in the page that opens; gives that page. */
async function signIn(page, decision = 'Allow') {
  const opened = page.context().waitForEvent('page');
  await card(page)
    .getByRole('button', { name: `Authorize: ${TITLE}` })
    .click();
  const login = await opened;
  await login.getByRole('button', { name: 'alice', exact: true }).click();
  await login.getByRole('button', { name: decision, exact: true }).click();
  await login.waitForURL((url) => url.pathname === '/oauth/callback');
  return login;
}

/** A client of its own: a place for the answer, and what it asks with. */
async function startClient() {
  const answers = [];
  const server = createServer((request, response) => {
    answers.push(new URL(request.url, 'http://127.0.0.1').searchParams);
    response.end('Some Client has what it needs.');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const redirect = `http://127.0.0.1:${server.address().port}/callback`;
  const post = async (path, body, type) => {
    const answer = await fetch(new URL(path, gateway.endpoint), {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
  const asked = {
    client_name: 'Some Client',
    redirect_uris: [redirect],
    token_endpoint_auth_method: 'none',
  };
  const registered = await post('/oauth/register', JSON.stringify(asked), 'application/json');
  const verifier = randomBytes(32).toString('base64url');
  const page = new URL('/oauth/authorize', gateway.endpoint);
  page.search = new URLSearchParams({
    response_type: 'code',
    client_id: registered.client_id,
    redirect_uri: redirect,
    state: 's',
    resource: ecs,
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  return {
    page: page.href,
    answers,
    /** Exchanges the code that came for a token. */
    async token() {
      const fields = {
        grant_type: 'authorization_code',
        code: answers[0].get('code'),
        client_id: registered.client_id,
        redirect_uri: redirect,
        code_verifier: verifier,
        resource: ecs,
      };
      const form = String(new URLSearchParams(fields));
      return (await post('/oauth/token', form, 'application/x-www-form-urlencoded')).access_token;
    },
    close: () => server.close(),
  };
}

/** The answer to `tools/list` without a session tells whether a token is good. */
async function statusWith(token) {
  const answer = await fetch(ecs, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      Authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  await answer.body?.cancel();
  return answer.status;
}

/** What `token` reaches: the account that the service's own tool sees. */
async function whoAmI(token) {
  const client = await connect(ecs, token);
  try {
    const name = (await client.tools()).find((tool) => tool.endsWith('whoami'));
    return await client.call(name);
  } finally {
    await client.close();
  }
}

/** Looks at the page in both themes, wide and narrow, and keeps pictures. */
async function look(page, name, { chinese = false } = {}) {
  const found = [];
  for (const [colorScheme, size] of [
    ['light', VIEWPORT],
    ['dark', VIEWPORT],
    ['light', SMALL],
  ]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const where = `${name}, ${colorScheme}, ${size.width}`;
    for (const fault of await violations(page)) found.push(`${where}: ${fault}`);
    const wide = await overflow(page);
    if (wide > 0) found.push(`${where}: ${wide} px too wide`);
    if (process.env.SHOTS) {
      const png = await page.screenshot({ fullPage: true });
      keepShot(`accounts-${name}-${colorScheme}-${size.width}`, png);
    }
  }
  if (chinese) {
    for (const text of await untranslated(page, { texts: ['ecs', 'alice'], names: NAMES }))
      found.push(`${name}: “${text}”`);
  }
  await page.setViewportSize(VIEWPORT);
  assert.deepEqual(found, []);
}

test('a sign-in that is refused says why, and can be begun again', async () => {
  const page = await accounts();
  await card(page).getByText('Not signed in').waitFor();
  await look(page, 'signed-out');
  const login = await signIn(page, 'Deny');
  await login.close();
  await toast(page, 'The sign-in did not come to an end').waitFor();
  await closeToasts(page);
  await card(page)
    .getByRole('button', { name: `Authorize: ${TITLE}` })
    .waitFor();
});

test('a sign-in goes through the browser, shows who it is, and brings the tools', async () => {
  const page = await accounts();
  const opened = page.context().waitForEvent('page');
  await card(page)
    .getByRole('button', { name: `Authorize: ${TITLE}` })
    .click();
  const abandoned = await opened;
  await card(page).getByText('Waiting for your browser').waitFor();
  await look(page, 'signing-in');
  await abandoned.close();
  await card(page).getByRole('button', { name: 'Cancel the sign-in' }).click();
  await card(page).getByText('Needs sign-in').or(card(page).getByText('Not signed in')).waitFor();

  const login = await signIn(page);
  keepShot('accounts-callback', await login.screenshot());
  await toast(page, `Signed in: ${TITLE}, as alice`).waitFor();
  await card(page).getByText('Signed in', { exact: true }).waitFor();
  await card(page).getByText('alice').first().waitFor();
  await gateway.becomes('ecs');
  await closeToasts(page);
  await look(page, 'signed-in');

  await card(page).getByRole('link', { name: 'ecs' }).click();
  await page.getByRole('heading', { level: 1, name: 'ecs' }).waitFor();
  await page.getByText('ecs_whoami', { exact: true }).waitFor();
  await look(page, 'service');
});

test('a client that asks is let in where the codes are the same', async () => {
  const client = await startClient();
  try {
    const page = await accounts();
    const asking = await browser.open(client.page);
    const approval = page.getByRole('region', { name: 'Some Client asks for access' });
    await approval.waitFor();
    await approval.getByText('All tools of ecs, in your name').waitFor();
    const { approvals } = await gateway.ask('GET', '/api/approvals');
    const code = approvals[0].code;
    await approval.getByText(code, { exact: true }).waitFor();
    await asking.getByText(code).first().waitFor();
    keepShot('accounts-client-waits', await asking.screenshot());
    await look(page, 'approval');
    await approval.getByRole('button', { name: 'Allow Some Client' }).click();
    await toast(page, 'Some Client has access.').waitFor();
    await asking.waitForURL((url) => url.pathname === '/callback');
    assert.equal(client.answers[0].get('state'), 's');
    const token = await client.token();
    assert.equal(await whoAmI(token), 'alice');

    const grants = page.getByRole('listitem').filter({ hasText: 'Some Client' });
    await grants.getByText('Only ecs').waitFor();
    await closeToasts(page);
    await grants.getByRole('button', { name: 'Revoke the access of Some Client' }).click();
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: 'Revoke', exact: true })
      .click();
    await toast(page, 'Some Client has no access any more.').waitFor();
    assert.equal(await statusWith(token), 401);
  } finally {
    client.close();
  }
});

test('a token made by hand is shown once, and works', async () => {
  const page = await accounts();
  await page.getByRole('button', { name: 'Create a token' }).click();
  await page.getByRole('textbox', { name: 'What is it for?' }).fill('The laptop');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('This is the only time that the token is shown.').waitFor();
  await look(page, 'token');
  await page.getByRole('button', { name: 'Copy: Token' }).click();
  await page.getByRole('button', { name: 'Copied: Token' }).waitFor();
  const token = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(await whoAmI(token), 'alice');
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page
    .getByRole('listitem')
    .filter({ hasText: 'The laptop' })
    .getByText('All servers')
    .waitFor();
  assert.ok(!(await page.content()).includes(token));
});

test('a secret is kept and removed, and its value never comes back', async () => {
  const page = await accounts();
  await page.getByRole('button', { name: 'Add a secret' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('GITHUB_TOKEN');
  await page.getByLabel('Value', { exact: true }).fill('ghp-e2e-hidden');
  await page.getByRole('button', { name: 'Keep it' }).click();
  await toast(page, 'GITHUB_TOKEN is kept.').waitFor();
  const kept = await gateway.ask('GET', '/api/secrets');
  assert.deepEqual(
    kept.secrets.map(({ name, usedBy }) => ({ name, usedBy })),
    [{ name: 'GITHUB_TOKEN', usedBy: [] }],
  );
  assert.equal(kept.key.where, 'keyFile');
  assert.ok(!JSON.stringify(kept).includes('ghp-e2e-hidden'));
  await closeToasts(page);
  await look(page, 'secret');
  await page.getByRole('button', { name: 'Remove GITHUB_TOKEN' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await toast(page, 'GITHUB_TOKEN is removed.').waitFor();
  assert.deepEqual((await gateway.ask('GET', '/api/secrets')).secrets, []);
});

test('in Chinese nothing is left in English', async () => {
  const page = await accounts({ locale: 'zh-CN' });
  await page.getByText('alice').first().waitFor();
  await look(page, 'signed-in-zh', { chinese: true });
});

test('signing out asks first, and takes the tools away', async () => {
  const page = await accounts();
  await card(page)
    .getByRole('button', { name: `Sign out: ${TITLE}` })
    .click();
  await look(page, 'sign-out');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Sign out' }).click();
  await toast(page, `Signed out: ${TITLE}.`).waitFor();
  await card(page).getByText('Not signed in').waitFor();
  await gateway.becomes('ecs', 'needsSignIn');
});
