/** The page in a browser, served by the real gateway in front of its demo server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startGateway } from './support/gateway.mjs';
import { keepShot } from './support/shots.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { SOON_MS } from './support/wait.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let surroundings;
let gateway;
let contexts = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  surroundings = new Surroundings();
  gateway = await startGateway(surroundings);
});

afterEach(async () => {
  await Promise.all(contexts.map((context) => context.close()));
  contexts = [];
});

after(async () => {
  await browser?.close();
  surroundings?.clear();
});

/** A page of a browser of its own; what the page complains about fails the test. */
async function open(address, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 900, height: 640 },
    locale: 'en-US',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(SOON_MS);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    // A status of 4xx or a gateway that is gone is the subject of some tests, and logged by the browser.
    const ours = !message.text().startsWith('Failed to load resource');
    if (ours && ['error', 'warning'].includes(message.type())) page.complaints.push(message.text());
  });
  await page.goto(address);
  return page;
}

const withToken = () => `${gateway.page}#token=${gateway.token}`;
const shoot = async (page, name) => keepShot(`browser-${name}`, await page.screenshot());

test('it shows the endpoint, the demo server and its tools', async () => {
  const page = await open(withToken());
  await page.getByText('Running', { exact: true }).waitFor();
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
  const row = page.getByRole('row', { name: /demo/ });
  await row.getByText('Ready').waitFor();
  await page
    .getByText(/^demo_/)
    .first()
    .waitFor();
  const answer = await fetch(new URL('/tools', gateway.endpoint));
  const { tools } = await answer.json();
  assert.ok(tools.length > 0);
  for (const tool of tools) await page.getByText(tool.name, { exact: true }).waitFor();
  await shoot(page, 'healthy-en-light');
  assert.deepEqual(page.complaints, []);
});

test('the token leaves the address bar and survives a reload of the tab', async () => {
  const page = await open(withToken());
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
  assert.equal(page.url(), gateway.page);
  await page.reload();
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
});

test('without a token it says what to do, and shows nothing of the gateway', async () => {
  const page = await open(gateway.page);
  await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
  await page.getByText('mcp-gateway status', { exact: true }).waitFor();
  assert.equal(await page.getByText(gateway.endpoint).count(), 0);
  await shoot(page, 'no-token-en-light');
  assert.deepEqual(page.complaints, []);
});

test('a wrong token is told, and the right one pasted into the same tab helps', async () => {
  const page = await open(`${gateway.page}#token=wrong`);
  await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
  await page.goto(withToken());
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
});

test('the language follows the browser, and a choice is remembered', async () => {
  const page = await open(withToken(), { locale: 'zh-CN' });
  await page.getByRole('heading', { name: '服务器' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  await shoot(page, 'healthy-zh-light');
  await page.getByRole('radio', { name: 'English' }).check({ force: true });
  await page.getByRole('heading', { name: 'Servers' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Servers' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
});

test('dark follows the system, and a choice wins and is remembered', async () => {
  const page = await open(withToken(), { colorScheme: 'dark', locale: 'zh-CN' });
  await page
    .getByText(/^demo_/)
    .first()
    .waitFor();
  const ground = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await shoot(page, 'healthy-zh-dark');
  await page.getByRole('radio', { name: '浅色' }).check({ force: true });
  const light = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByRole('heading', { name: '服务器' }).waitFor();
  assert.equal(await ground(), light);
});

test('copying puts the endpoint on the clipboard', async () => {
  const page = await open(withToken());
  await page.getByRole('button', { name: 'Copy: Address' }).click();
  await page.getByRole('button', { name: 'Copy: Address' }).getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), gateway.endpoint);
});

test('everything can be reached with the keyboard alone', async () => {
  const page = await open(withToken());
  const filter = page.getByRole('searchbox', { name: 'Filter tools' });
  await filter.waitFor();
  const reached = new Set();
  for (let key = 0; key < 12; key += 1) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(
        () =>
          document.activeElement?.getAttribute('aria-label') ??
          document.activeElement?.getAttribute('type'),
      ),
    );
  }
  for (const control of [
    'English',
    'Like the system',
    'Copy: Address',
    'Copy: Add to Claude Code',
    'search',
  ]) {
    assert.ok(reached.has(control), `${control} in ${[...reached]}`);
  }
});

for (const colorScheme of ['light', 'dark']) {
  test(`nothing to complain about for accessibility, ${colorScheme}`, async () => {
    const page = await open(withToken(), { colorScheme });
    await page
      .getByText(/^demo_/)
      .first()
      .waitFor();
    await page.evaluate(AXE);
    const { violations, passes } = await page.evaluate(() =>
      globalThis.axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
      }),
    );
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
    );
    assert.deepEqual(found, []);
    assert.ok(passes.some(({ id }) => id === 'color-contrast'));
  });
}

test('a gateway that stops is called unreachable, never empty, and comes back by itself', async () => {
  const own = new Surroundings();
  try {
    let running = await startGateway(own);
    const page = await open(`${running.page}#token=${running.token}`);
    await page
      .getByText(/^demo_/)
      .first()
      .waitFor();
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
    await page.getByRole('alert').getByText('Could not reach the gateway').waitFor();
    assert.ok((await page.getByText(/^demo_/).count()) > 0);
    await shoot(page, 'gone-en-light');
    running = await startGateway(own, { port: running.port });
    await page.getByText('Running', { exact: true }).waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
    await own.allEnded();
  } finally {
    own.clear();
  }
});

test('a server that cannot start says why, in both languages', async () => {
  const own = new Surroundings();
  try {
    own.writeConfig({
      servers: [{ name: 'broken', type: 'local', command: ['no-such-program-anywhere'] }],
    });
    const running = await startGateway(own);
    const page = await open(`${running.page}#token=${running.token}`);
    const row = page.getByRole('row', { name: /broken/ }).first();
    await row.getByText('Failing').waitFor();
    await page
      .getByText(/no-such-program-anywhere/)
      .first()
      .waitFor();
    await shoot(page, 'failing-en-light');
    await page.getByRole('radio', { name: '简体中文' }).check({ force: true });
    await row.getByText('出错').waitFor();
    await shoot(page, 'failing-zh-light');
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  } finally {
    own.clear();
  }
});
