/** The first quarter of an hour: a home without a configuration, and a server pasted from a README. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { cell, colouredPixels, paste, toast } from './support/page.mjs';
import { official } from './support/servers.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;

beforeEach(() => (own = new Surroundings()));
afterEach(() => own.clear());

test('from nothing to a call in the plot, and back', async () => {
  const gateway = await startGateway(own);
  const page = await browser.open(await gateway.invite());

  await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  await cell(page, 'demo').waitFor();
  await page.getByRole('link', { name: 'Add your first server' }).click();

  const line = page.getByRole('textbox', { name: 'Command line' });
  await until('the first field has the focus', () =>
    line.evaluate((element) => element === document.activeElement),
  );
  await paste(page, official('memory').join(' '));
  assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'memory');
  assert.equal(
    await page.getByRole('textbox', { name: 'Argument 1' }).inputValue(),
    official('memory')[1],
  );

  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByText(/^It works: 9 tools (after|in) [\d.]+ m?s\.$/).waitFor();
  await page.getByText('What it prints').click();
  const output = page.getByRole('log', { name: 'What it prints' });
  await output.getByText('Knowledge Graph MCP Server running on stdio').waitFor();
  await page
    .getByRole('list', { name: 'Its tools' })
    .getByText('memory_create_entities', { exact: true })
    .waitFor();
  await until('the trial’s process has ended', () => running('server-memory').length === 0);

  await page.getByRole('button', { name: 'Add server' }).click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  await toast(page, 'memory is added.').waitFor();
  await page.getByText('9 tools · 9 switched on').waitFor();
  const client = await connect(gateway.endpoint);
  const offered = await client.tools();
  assert.equal(offered.length, 9);
  for (const name of offered) await page.getByText(name, { exact: true }).first().waitFor();

  await page.getByRole('tab', { name: 'Pool' }).click();
  const plot = page.getByRole('img', { name: /^Calls per second\. No call in the last minute\.$/ });
  await plot.waitFor();
  for (let n = 1; n <= 7; n += 1) await client.call('memory_read_graph');
  await client.close();
  const seen = page.getByRole('img', { name: /^Calls per second\. In the last minute: 7 calls,/ });
  await seen.waitFor();
  await page
    .getByText(/In the last minute: 7 calls, at most \d busy and 1 open connections/)
    .waitFor();
  await until('both plots have lines', async () => {
    const plots = page.locator('figure [role="img"]');
    return (await colouredPixels(plots.nth(0))) > 20 && (await colouredPixels(plots.nth(1))) > 20;
  });

  const file = own.path('home/.config/mcp-gateway/config.json');
  const before = readFileSync(file, 'utf8');
  assert.match(before, /server-memory/);
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'No servers yet' }).waitFor();
  assert.doesNotMatch(readFileSync(file, 'utf8'), /server-memory/);
  await until('its process has ended', () => running('server-memory').length === 0);

  await toast(page, 'memory is removed.').getByRole('button', { name: 'Undo' }).click();
  await toast(page, 'Taken back.').waitFor();
  assert.equal(readFileSync(file, 'utf8'), before);
  const row = page.getByRole('list', { name: 'Servers' }).getByRole('listitem');
  await row.filter({ hasText: 'Ready' }).getByText('9 tools').waitFor();

  await row.getByRole('button', { name: 'Actions for memory' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'No servers yet' }).waitFor();
  await until('its process has ended again', () => running('server-memory').length === 0);
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  await own.allEnded();
});

/** The processes of this test whose command line has this in it. */
const running = (part) => own.processes().filter((line) => line.includes(part));
