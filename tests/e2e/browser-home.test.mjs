/** Home: the address to copy, what runs now, and the way in for Claude Desktop. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { cell, toast } from './support/page.mjs';
import { fake, local } from './support/servers.mjs';
import { needed, Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let gateway;

before(async () => {
  own = new Surroundings();
  const slow = { tools: [{ name: 'wait', does: [{ delayArg: 'ms' }, { text: 'waited' }] }] };
  own.writeConfig({
    servers: [
      local('slow', fake(own, 'slow', slow), { poolSize: 2 }),
      local('broken', ['no-such-program-anywhere']),
      local('off', ['never'], { enabled: false }),
    ],
  });
  gateway = await startGateway(own);
  await gateway.becomes('slow');
});

after(() => own?.clear());

const open = () => browser.open(gateway.door);

async function copied(page, name) {
  await page.getByRole('button', { name: `Copy: ${name}` }).click();
  await page.getByRole('button', { name: `Copied: ${name}` }).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

test('the address and the command for Claude Code are there to be copied', async () => {
  const page = await open();
  assert.equal(await copied(page, 'Address'), gateway.endpoint);
  assert.equal(
    await copied(page, 'Add to Claude Code'),
    `claude mcp add --transport http gateway ${gateway.endpoint}`,
  );
});

test('Claude Desktop’s entry is ready, and trying it runs the bridge', async () => {
  const page = await open();
  const entry = JSON.parse(await copied(page, 'Put this into its configuration'));
  const [{ command, args }] = Object.values(entry.mcpServers);
  assert.equal(command, needed('MCP_STDIO_BRIDGE_BIN'));
  assert.ok(args.includes(gateway.endpoint), args.join(' '));
  assert.match(await copied(page, 'Its configuration file'), /claude_desktop_config\.json$/);
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByText(/^It works: the bridge saw 1 tool in [\d.]+ m?s\.$/).waitFor();
  await page
    .getByRole('list', { name: 'Tools that the bridge saw' })
    .getByText('slow_wait', { exact: true })
    .waitFor();
  await until('the bridge has ended', () =>
    own.processes().every((line) => !line.includes('stdio-bridge')),
  );
});

test('what needs attention says why, and a restart is a click away', async () => {
  const page = await open();
  await page.getByText('Needs attention', { exact: true }).first().waitFor();
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await attention.getByText('The command no-such-program-anywhere was not found').waitFor();
  await attention.getByRole('button', { name: 'Restart broken' }).click();
  await toast(page, 'broken is being restarted.').waitFor();
  await attention.getByRole('link', { name: 'Edit broken' }).click();
  await page.getByRole('heading', { level: 1, name: 'Edit broken' }).waitFor();
  const line = page.getByRole('textbox', { name: 'Command line' });
  assert.equal(await line.inputValue(), 'no-such-program-anywhere');
});

test('calls in flight are seen while they run', async () => {
  const page = await open();
  await cell(page, 'slow').getByText('0/s').waitFor();
  await cell(page, 'off').getByText('Switched off').waitFor();
  await cell(page, 'broken').getByText('Failing').waitFor();
  const client = await connect(gateway.endpoint);
  const calls = [client.call('slow_wait', { ms: 3000 }), client.call('slow_wait', { ms: 3000 })];
  await page.getByText(/· 2 busy of 2 connections/).waitFor();
  await Promise.all(calls);
  await page.getByText(/· 0 busy of/).waitFor();
  await client.close();
});
