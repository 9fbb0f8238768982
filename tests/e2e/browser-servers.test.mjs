/** The list of servers, and a file that is edited by hand while the gateway runs. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { cell, closeToasts, focused, goTo, toast } from './support/page.mjs';
import { fake, local } from './support/servers.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let gateway;
let page;

beforeEach(async () => {
  own = new Surroundings();
  const script = { tools: [{ name: 'work' }] };
  own.writeConfig({
    servers: ['one', 'two', 'three'].map((name) => local(name, fake(own, name, script))),
  });
  gateway = await startGateway(own);
  page = await browser.open(gateway.door);
  await goTo(page, '#/servers', 'Servers');
  await row('three').getByText('Ready').waitFor();
});

afterEach(() => own.clear());

const file = () => own.path('home/.config/mcp-gateway/config.json');
const text = () => readFileSync(file(), 'utf8');
const rows = () => page.getByRole('list', { name: 'Servers' }).getByRole('listitem');
const row = (name) => rows().filter({ has: page.getByRole('link', { name, exact: true }) });
const act = async (name, action) => {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
};

test('it tells state, transport, tools and connections, and can be filtered', async () => {
  await page.getByText('3 servers', { exact: true }).waitFor();
  await row('one').getByText('stdio').waitFor();
  await row('one').getByText('1 tool', { exact: true }).waitFor();
  await row('one').getByText('0 busy · 1 open · 1 max').waitFor();
  const filter = page.getByRole('searchbox', { name: 'Filter servers' });
  await filter.fill('TW');
  await page.getByText('1 of 3 servers').waitFor();
  assert.equal(await rows().count(), 1);
  await filter.press('Escape');
  await page.getByText('3 servers', { exact: true }).waitFor();
  await filter.fill('nothing like it');
  await page.getByRole('button', { name: 'Show all servers' }).click();
  await page.getByText('3 servers', { exact: true }).waitFor();
});

test('a server is duplicated, switched off, restarted and edited from the list', async () => {
  await act('two', 'Duplicate');
  await page.getByRole('heading', { level: 1, name: 'Copy of two' }).waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'two-2');
  await page.getByRole('button', { name: 'Add server' }).click();
  await page.getByRole('heading', { level: 1, name: 'two-2', exact: true }).waitFor();
  await gateway.becomes('two-2');
  await goTo(page, '#/servers', 'Servers');
  await page.getByText('4 servers', { exact: true }).waitFor();

  await page.getByRole('switch', { name: 'Switch on two-2' }).click();
  await row('two-2').getByText('Switched off').waitFor();
  await gateway.becomes('two-2', 'disabled');
  assert.match(text(), /"enabled": ?false/);
  await toast(page, 'two-2 is switched off.').getByRole('button', { name: 'Undo' }).click();
  await row('two-2').getByText('Ready').waitFor();
  assert.doesNotMatch(text(), /"enabled": ?false/);

  await act('one', 'Restart');
  await toast(page, 'one is being restarted.').waitFor();
  await gateway.becomes('one');
  await act('one', 'Edit');
  await page.getByRole('heading', { level: 1, name: 'Edit one' }).waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill('uno');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'uno', exact: true }).waitFor();
  await page.getByText('Ready', { exact: true }).waitFor();
  const client = await connect(gateway.endpoint);
  assert.deepEqual((await client.tools()).sort(), [
    'three_work',
    'two-2_work',
    'two_work',
    'uno_work',
  ]);
  await client.close();
});

test('a server may have any name, and its page an address that can be kept', async () => {
  for (const name of ['记忆 1', 'new', 'a&b+c']) {
    await act('one', 'Duplicate');
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByRole('button', { name: 'Add server' }).click();
    const heading = page.getByRole('heading', { level: 1, name, exact: true });
    await heading.waitFor();
    await page.reload();
    await heading.waitFor();
    await page.getByText('1 tool · 1 switched on').waitFor();
    await goTo(page, '#/servers', 'Servers');
  }
});

test('what is removed comes back, even beside a change made by hand since', async () => {
  const before = text();
  await act('two', 'Remove');
  await toast(page, 'two is removed.').waitFor();
  assert.equal(await row('two').count(), 0);
  // The neighbour has the focus that the row took with it.
  assert.equal(await focused(page), 'a three');
  const remark = '\n// by hand\n';
  writeFileSync(file(), `${text()}${remark}`);
  await toast(page, 'two is removed.').getByRole('button', { name: 'Undo' }).click();
  await toast(page, 'Taken back.').waitFor();
  await row('two').getByText('Ready').waitFor();
  assert.equal(text(), `${before}${remark}`);

  // Whatever else was changed here is not forced upon a file that says something else now.
  await closeToasts(page);
  await page.getByRole('switch', { name: 'Switch on two' }).click();
  const said = toast(page, 'two is switched off.');
  await said.waitFor();
  writeFileSync(file(), `${text()}${remark}`);
  const theirs = text();
  await said.getByRole('button', { name: 'Undo' }).click();
  await toast(page, /changed/).waitFor();
  assert.equal(text(), theirs);
});

test('a change by hand is taken by itself; mistakes are told on every screen until it is right', async () => {
  await goTo(page, '#/', 'Home');
  const good = text();
  const banner = page.getByRole('heading', { name: /^The configuration file cannot be used/ });

  writeFileSync(file(), good.replace('"one"', '""').replace('"type":"local"', '"type":7'));
  await banner.waitFor();
  const told = page.getByRole('region', { name: /^The configuration file cannot be used/ });
  await until('each mistake is told', async () => (await told.getByRole('listitem').count()) >= 2);
  await told
    .getByText(/^Line \d+, column \d+/)
    .first()
    .waitFor();
  await goTo(page, '#/servers', 'Servers');
  await banner.waitFor();
  await goTo(page, '#/', 'Home');
  await cell(page, 'three').waitFor();

  writeFileSync(file(), good.replace('"three"', '"drei"'));
  await cell(page, 'drei').waitFor();
  await banner.waitFor({ state: 'detached' });
  const client = await connect(gateway.endpoint);
  await until('clients see it', async () => (await client.tools()).includes('drei_work'));
  await client.close();
});
