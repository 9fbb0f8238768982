/** One server's page: its tools as clients see them, its log, its process, its settings. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { closeToasts, focused, goTo, toast } from './support/page.mjs';
import { fake, local, official } from './support/servers.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const MANY = 5000;
const ALL = /^5,?000 tools · 5,000 switched on$/;

const browser = useBrowser();
let own;
let gateway;
let client;

before(async () => {
  own = new Surroundings();
  const tool = (name, ...does) => ({ name, does });
  const params = { level: 'warning', logger: 'db', data: 'nearly full' };
  const warning = { jsonrpc: '2.0', method: 'notifications/message', params };
  const loud = {
    start: { stderr: ['warming up'] },
    tools: [
      tool('say', { stderr: 'somebody called' }, { text: 'said' }),
      tool('shout', ...Array.from({ length: 200 }, (_, n) => ({ stderr: `line ${n}` })), {
        text: 'shouted',
      }),
      tool('pid', 'pid'),
      tool('warn', { push: warning }, { text: 'warned' }),
    ],
  };
  const many = Array.from({ length: MANY }, (_, n) => tool(`tool-${n}`, 'echo'));
  own.writeConfig({
    servers: [
      local('memory', official('memory'), { env: { API_KEY: 'very secret', UNITS: 'metric' } }),
      local('loud', fake(own, 'loud', loud)),
      local('many', fake(own, 'many', { tools: many })),
    ],
  });
  gateway = await startGateway(own);
  for (const name of ['memory', 'loud', 'many']) await gateway.becomes(name);
  client = await connect(gateway.endpoint);
});

after(() => own?.clear());

const config = () => readFileSync(own.path('home/.config/mcp-gateway/config.json'), 'utf8');

async function open(name) {
  const page = await browser.open(`${gateway.page}#/servers/${name}`);
  await page.goto(gateway.door);
  await goTo(page, `#/servers/${name}`, name);
  await page.getByText('Ready', { exact: true }).waitFor();
  return page;
}

/** Waits until the client is offered a tool of this name, or no longer is. */
const offered = (name, wanted) =>
  until(`${name} is ${wanted ? '' : 'not '}offered`, async () => {
    const names = (await client.tools()).filter((one) => !one.startsWith('many_'));
    if (names.includes(name) !== wanted) throw new Error(names.join(' '));
    return true;
  });

test('a tool that is switched off or renamed is so for clients', async () => {
  const page = await open('memory');
  const graph = page.getByRole('switch', { name: 'Offer read_graph' });
  await graph.click();
  await toast(page, 'memory_read_graph is no longer offered to clients.').waitFor();
  await page.getByText('9 tools · 8 switched on').waitFor();
  assert.equal(await graph.getAttribute('aria-checked'), 'false');
  await offered('memory_read_graph', false);
  await graph.click();
  await page.getByText('9 tools · 9 switched on').waitFor();
  await offered('memory_read_graph', true);

  await closeToasts(page);
  await page.getByRole('button', { name: 'Rename search_nodes' }).click();
  const name = page.getByRole('textbox', { name: 'New name of search_nodes' });
  assert.equal(await name.inputValue(), 'memory_search_nodes');
  await name.fill('given_up');
  await name.press('Escape');
  assert.equal(await focused(page), 'button Rename search_nodes');
  await page.getByRole('button', { name: 'Rename search_nodes' }).click();
  await name.fill('recall');
  await name.press('Enter');
  await toast(page, 'Clients now see search_nodes as recall.').waitFor();
  await offered('recall', true);
  await offered('memory_search_nodes', false);
  assert.match(await client.call('recall', { query: 'nothing' }), /"entities": \[\]/);

  // An empty name is the usual one.
  await closeToasts(page);
  await page.getByRole('button', { name: 'Rename search_nodes' }).click();
  await name.fill('');
  await name.press('Enter');
  await toast(page, 'search_nodes has its usual name again: memory_search_nodes.').waitFor();
  await offered('memory_search_nodes', true);
  assert.equal(await focused(page), 'button Rename search_nodes');
});

test('thousands of tools scroll, and can be filtered', async () => {
  const page = await open('many');
  await page.getByText(ALL).waitFor();
  const list = page.getByRole('list', { name: 'Tools of many' });
  const rows = list.getByRole('listitem');
  await rows.first().getByText('many_tool-0', { exact: true }).waitFor();
  assert.ok((await rows.count()) < 60, 'only what can be seen is in the document');
  const last = list.getByText(`many_tool-${MANY - 1}`, { exact: true });
  await until('the last one can be scrolled to', async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return last.isVisible();
  });
  assert.equal(await rows.last().getAttribute('aria-posinset'), String(MANY));
  assert.equal(await rows.last().getAttribute('aria-setsize'), String(MANY));
  await page.getByRole('searchbox', { name: 'Filter tools' }).fill('TOOL-432');
  await page.getByText('11 of 5,000 tools · 5,000 switched on').waitFor();
  await list.getByText('many_tool-4321', { exact: true }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter tools' }).fill('no such');
  await page.getByText('No tool matches “no such”.').waitFor();
  await page.getByRole('button', { name: 'Show all tools' }).click();
  await page.getByText(ALL).waitFor();
});

test('the log follows what the server prints, and waits for a reader', async () => {
  const page = await open('loud');
  await page.getByRole('tab', { name: 'Log' }).click();
  const log = page.getByRole('log', { name: 'Output of loud' });
  await log.getByText('warming up').waitFor();
  await client.call('loud_say');
  await log.getByText(/somebody called/).waitFor();
  await client.call('loud_shout');
  await log.getByText(/line 199/).waitFor();
  const distance = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
  await until('the newest line can be seen', async () => (await distance()) < 24);

  await log.focus();
  await page.keyboard.press('Home');
  await page.getByText('New lines wait while you read.').waitFor();
  await until('it has come to the first line', () => log.evaluate((box) => box.scrollTop === 0));
  await client.call('loud_say');
  await page.getByText('204 lines').waitFor();
  assert.ok((await distance()) > 500);
  await page.getByRole('button', { name: 'To the newest line' }).click();
  await until('the newest line can be seen again', async () => (await distance()) < 24);
  assert.equal(await focused(page), 'log Output of loud');

  await page.getByRole('searchbox', { name: 'Filter lines' }).fill('CALLED');
  await page.getByText('2 of 204 lines').waitFor();
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, 'somebody called\nsomebody called\n');
});

test('a log message stands in the log with its level, and can be looked at alone', async () => {
  const page = await open('loud');
  await page.getByRole('tab', { name: 'Log' }).click();
  const log = page.getByRole('log', { name: 'Output of loud' });
  await log.getByText('warming up').waitFor();
  await client.call('loud_warn');
  await log.getByText(/warning\s+db: nearly full/).waitFor();

  const kind = page.getByRole('combobox', { name: 'Kind of lines' });
  await kind.selectOption('Log messages');
  await log.getByText('warming up').waitFor({ state: 'detached' });
  assert.match(await log.innerText(), /^[\d:]+\s+warning\s+db: nearly full\s*$/);
  await kind.selectOption('Gateway');
  await log.getByText(/gateway\s+process \d+ was started/).waitFor();
});

test('Restart starts its process anew, and the switch stops it', async () => {
  const page = await open('loud');
  const before = await client.call('loud_pid');
  await page.getByRole('button', { name: 'Restart' }).click();
  await toast(page, 'loud is being restarted.').waitFor();
  const now = await until('another process answers', async () => {
    const pid = await client.call('loud_pid');
    return pid !== before && pid;
  });
  assert.match(now, /^\d+$/);

  await page.getByRole('switch', { name: 'Switch on loud' }).click();
  await toast(page, 'loud is switched off.').waitFor();
  await page.getByText('Switched off', { exact: true }).waitFor();
  await offered('loud_pid', false);
  await until('its process has ended', () => own.processes().every((one) => !one.startsWith(now)));
  assert.ok(await page.getByRole('button', { name: 'Restart' }).isDisabled());
  await page.getByRole('switch', { name: 'Switch on loud' }).click();
  await page.getByText('Ready', { exact: true }).waitFor();
  await offered('loud_pid', true);
});

test('its settings hide what is secret until somebody wants to see it', async () => {
  const page = await open('memory');
  await page.getByRole('tab', { name: 'Settings' }).click();
  const settings = page.getByRole('region', { name: 'Its settings' });
  await settings.getByText('API_KEY=••••••').waitFor();
  await settings.getByText('UNITS=metric').waitFor();
  const entry = page.getByRole('group', { name: 'In the file' });
  assert.doesNotMatch(await entry.innerText(), /very secret/);
  await page.getByRole('checkbox', { name: 'Show secret values' }).check();
  await settings.getByText('API_KEY=very secret').waitFor();
  assert.match(await entry.innerText(), /very secret/);
  assert.ok(config().includes('very secret'));
});

test('a name that no server has is said to be none', async () => {
  const page = await browser.open(gateway.door);
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
  await goTo(page, '#/servers/no%20such%2Fone', 'no such/one');
  await page.getByText('There is no server “no such/one”').waitFor();
  await page.getByRole('link', { name: 'All servers' }).last().click();
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
});
