/** The settings: how the page looks and speaks, and where the gateway listens. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { goTo, toast } from './support/page.mjs';
import { freePort, Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let gateway;

before(async () => {
  own = new Surroundings();
  const port = await freePort();
  own.writeConfig(
    `{\n  // Known to everybody.\n  "gateway": { "port": ${port} },\n  "servers": []\n}\n`,
  );
  gateway = await startGateway(own, { port: null });
});

after(() => own?.clear());

async function settings(options) {
  const page = await browser.open(gateway.door, options);
  await page.locator('nav a[href="#/settings"]').click();
  await page.getByRole('heading', { level: 1, name: /^(Settings|设置)$/ }).waitFor();
  return page;
}

const choose = (page, name) =>
  page.getByRole('radio', { name, exact: true }).check({ force: true });
const ground = (page) =>
  page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test('the language follows the browser, and a choice is remembered', async () => {
  const page = await settings({ locale: 'zh-CN' });
  const html = page.locator('html');
  assert.equal(await html.getAttribute('lang'), 'zh-CN');
  await page.getByRole('heading', { name: '设置' }).waitFor();
  await choose(page, 'English');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await page.title(), 'Settings · MCP Gateway');
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await html.getAttribute('lang'), 'en');
  await page.getByRole('group', { name: 'Language' }).getByText('Like the system').click();
  await page.getByRole('heading', { name: '设置' }).waitFor();
});

test('dark follows the system, and a choice wins and is remembered', async () => {
  const page = await settings({ colorScheme: 'dark' });
  const dark = await ground(page);
  await choose(page, 'Light');
  const light = await ground(page);
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await ground(page), light);
  await page.getByRole('group', { name: 'Theme' }).getByText('Like the system').click();
  assert.equal(await ground(page), dark);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await ground(page), light);
});

test('it says where things are kept', async () => {
  const page = await settings();
  await page.getByText(own.path('home/.config/mcp-gateway/config.json'), { exact: true }).waitFor();
  await page.getByText(own.path('data'), { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Copy: Data folder' }).click();
  await page.getByRole('button', { name: 'Copied: Data folder' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), own.path('data'));
});

test('a port that cannot be is refused at its field', async () => {
  const page = await settings();
  const port = page.getByRole('textbox', { name: 'Port' });
  const save = page.getByRole('button', { name: 'Save', exact: true });
  assert.ok(await save.isDisabled());
  await port.fill('70000');
  await save.click();
  await page.getByRole('alert').getByText('Write a whole number between 1 and 65535.').waitFor();
  assert.equal(await port.getAttribute('aria-invalid'), 'true');

  const other = createServer();
  await new Promise((listening) => other.listen(0, '127.0.0.1', listening));
  try {
    const taken = String(other.address().port);
    await port.fill(taken);
    await save.click();
    await page.getByRole('alert').getByText(new RegExp(taken)).waitFor();
    await page.getByText(`Clients connect to ${gateway.endpoint}.`).waitFor();
  } finally {
    other.close();
  }
});

test('the page follows the gateway to its new port', async () => {
  const page = await settings({ locale: 'zh-CN' });
  await choose(page, 'English');
  await choose(page, 'Dark');
  const dark = await ground(page);
  const wanted = await freePort();
  const file = own.path('home/.config/mcp-gateway/config.json');
  await page.getByRole('textbox', { name: 'Port' }).fill(String(wanted));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await until('it is at the new address', () => new URL(page.url()).port === String(wanted));
  await page.getByText(`Clients connect to http://localhost:${wanted}/mcp.`).waitFor();
  await page.getByText('Running', { exact: true }).waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Port' }).inputValue(), String(wanted));
  assert.doesNotMatch(page.url(), /token/);
  // It is another origin, where nothing was chosen yet.
  assert.equal(await ground(page), dark);
  await toast(page, `Clients now connect to port ${wanted}.`).waitFor();
  assert.ok(readFileSync(file, 'utf8').includes('// Known to everybody.'));
  assert.ok(readFileSync(file, 'utf8').includes(`"port": ${wanted} }`));
  const client = await connect(`http://localhost:${wanted}/mcp`);
  await client.close();
  await goTo(page, '#/', 'Home');
  await page.getByText(`http://localhost:${wanted}/mcp`, { exact: true }).waitFor();
});

test('a port that was given on the command line is not to be changed here', async () => {
  const fixed = new Surroundings();
  try {
    const other = await startGateway(fixed);
    const page = await browser.open(other.door);
    await goTo(page, '#/settings', 'Settings');
    await page.getByText(/^The port was set on the command line with --port/).waitFor();
    assert.ok(await page.getByRole('textbox', { name: 'Port' }).isDisabled());
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).count(), 0);
  } finally {
    fixed.clear();
  }
});
