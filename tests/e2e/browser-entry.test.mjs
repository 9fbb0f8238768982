/** How a browser gets in, and what it is told when the gateway does not answer as it should. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { startGateway } from './support/gateway.mjs';
import { cell, goTo, toast } from './support/page.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let gateway;

before(async () => {
  own = new Surroundings();
  gateway = await startGateway(own);
  await gateway.becomes('demo');
});

after(() => own?.clear());

const endpoint = (page) => page.getByText(gateway.endpoint, { exact: true });

test('the token leaves the address bar and survives a reload of the tab', async () => {
  const page = await browser.open(gateway.door);
  await endpoint(page).waitFor();
  assert.equal(page.url(), gateway.page);
  await page.reload();
  await endpoint(page).waitFor();
});

test('the address that `mcp-gateway ui` prints lets in once', async () => {
  const invitation = await gateway.invite();
  assert.match(invitation, /\/ui\/#code=[\w-]+$/);
  assert.doesNotMatch(invitation, new RegExp(gateway.token));
  const first = await browser.open(invitation);
  await endpoint(first).waitFor();
  assert.equal(new URL(first.url()).hash, '');

  const second = await browser.open(invitation);
  const told = second.getByRole('alert');
  await told.getByText(/^The address has been used already, or it is older than a min/).waitFor();
  await told.getByText('mcp-gateway ui', { exact: true }).waitFor();
  assert.equal(await endpoint(second).count(), 0);

  // A fresh address, pasted into the tab that is open.
  await second.goto(await gateway.invite());
  await endpoint(second).waitFor();
});

test('without a token it says what to do, and shows nothing of the gateway', async () => {
  const page = await browser.open(gateway.page);
  await page.getByRole('heading', { name: 'This page needs the gateway’s key' }).waitFor();
  await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
  await page.getByText('mcp-gateway status', { exact: true }).waitFor();
  await goTo(page, '#/servers', 'This page needs the gateway’s key');
  assert.equal(await endpoint(page).count(), 0);
  assert.equal(await page.getByText('demo').count(), 0);
});

test('a wrong token is told, and the right one pasted into the same tab helps', async () => {
  const page = await browser.open(`${gateway.page}#token=wrong`);
  await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
  await page.goto(gateway.door);
  await endpoint(page).waitFor();
});

test('a gateway that stops is called unreachable, never empty, and comes back by itself', async () => {
  const gone = new Surroundings();
  try {
    let running = await startGateway(gone);
    const page = await browser.open(running.door);
    await cell(page, 'demo').click();
    const tool = page.getByText('demo_add', { exact: true });
    await tool.waitFor();
    assert.deepEqual(await running.stop(), { code: 0, signal: null });

    const told = page.getByRole('alert').filter({ hasText: 'Could not reach the gateway' });
    await told.getByText(/^What you see below is from \d\d:\d\d:\d\d\.$/).waitFor();
    await page.getByText('Not reachable', { exact: true }).waitFor();
    assert.ok(await tool.isVisible());
    await goTo(page, '#/servers', 'Servers');
    const row = page.getByRole('list', { name: 'Servers' }).getByRole('listitem');
    await row.getByRole('link', { name: 'demo' }).waitFor();
    await row.getByRole('button', { name: 'Actions for demo' }).click();
    await page.getByRole('menuitem', { name: 'Restart' }).click();
    await toast(page, 'Could not reach the gateway').waitFor();
    await goTo(page, '#/settings', 'Settings');
    await page.getByRole('radio', { name: 'Dark' }).waitFor();
    await goTo(page, '#/', 'Home');
    await page.getByText(running.endpoint, { exact: true }).waitFor();

    running = await startGateway(gone, { port: running.port });
    await page.getByText('Running', { exact: true }).waitFor();
    await until('nothing complains any more', async () => (await told.count()) === 0);
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
    await gone.allEnded();
  } finally {
    gone.clear();
  }
});

test('a page opened before the gateway is there finds it by itself', async () => {
  const late = new Surroundings();
  try {
    let running = await startGateway(late);
    const page = await browser.open(running.door);
    await page.getByText(running.endpoint, { exact: true }).waitFor();
    await page.route('**/api/**', (route) => route.abort());
    await page.reload();
    await page.getByRole('heading', { name: 'Could not reach the gateway' }).waitFor();
    await page.getByText('mcp-gateway', { exact: true }).waitFor();
    await page.unroute('**/api/**');
    await page.getByText('Running', { exact: true }).waitFor();
    await page.getByText(running.endpoint, { exact: true }).waitFor();
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  } finally {
    late.clear();
  }
});
