/** The form for a server: what is pasted, what is refused, what is tried, what was changed meanwhile. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { startGateway } from './support/gateway.mjs';
import { goTo, paste, toast } from './support/page.mjs';
import { fake, official } from './support/servers.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let gateway;
let page;

beforeEach(async () => {
  own = new Surroundings();
  own.writeConfig(CONFIG());
  gateway = await startGateway(own);
  page = await browser.open(gateway.door);
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
});

afterEach(() => own.clear());

/** A file as people keep it: with their remarks, their order and keys that nobody else knows. */
const CONFIG = () => `{
  // What we use in the team.
  "servers": [
    // Remembers what we told it.
    {
      "description": "Our memory", // see the wiki
      "name": "memory",
      "command": ${JSON.stringify(official('memory'))},
      "enabled": false,
    },
  ],
}
`;

const file = () => own.path('home/.config/mcp-gateway/config.json');
const text = () => readFileSync(file(), 'utf8');
const edit = (from, to) => writeFileSync(file(), text().replace(from, to));

/** By the beginning of its name: some fields are marked as optional behind it. */
const field = (name) => page.getByRole('textbox', { name: new RegExp(`^${name}(\\s?optional)?$`) });
const button = (name) => page.getByRole('button', { name, exact: true });
const newServer = () => goTo(page, '#/servers/new', 'Add a server');

/** Shows or hides the rarer fields. */
const more = (open) =>
  page
    .locator('details')
    .filter({ hasText: 'More settings' })
    .evaluate((details, wanted) => {
      if (details.open !== wanted) details.querySelector('summary').click();
    }, open);

/** Waits until the focus is on this field, and that it is marked and tied to these words. */
async function complains(locator, words) {
  await page.waitForFunction(
    (element) => element === document.activeElement,
    await locator.elementHandle(),
  );
  assert.equal(await locator.getAttribute('aria-invalid'), 'true');
  const ids = (await locator.getAttribute('aria-describedby')).split(' ');
  const told = await Promise.all(ids.map((id) => page.locator(`id=${id}`).innerText()));
  assert.match(told.join('\n'), words);
}

test('what the gateway refuses stands at its field, which has the focus', async () => {
  const before = text();
  await newServer();
  await button('Add server').click();
  await complains(field('Command line'), /local server needs a command/);
  await page.getByRole('alert').getByText('2 fields need a correction').waitFor();
  await field('Command line').fill('node server.js');
  await field('Name').fill('a/b');
  await button('Add server').click();
  await complains(field('Name'), /cannot be part of an address/);
  assert.equal(await field('Command line').getAttribute('aria-invalid'), 'false');
  await field('Name').fill('memory');
  await button('Add server').click();
  await complains(field('Name'), /.memory. is taken/);
  await field('Name').fill('free');

  // A field that is folded away is unfolded first.
  await more(true);
  await field('Connections at most').fill('0');
  await more(false);
  await button('Add server').click();
  await complains(field('Connections at most'), /whole number from 1 up/);
  await field('Connections at most').fill('');
  await field('Call timeout').fill('soon');
  await more(false);
  await button('Test').click();
  await complains(field('Call timeout'), /Write a number of seconds/);
  await field('Call timeout').fill('');

  await page.getByText('Remote server', { exact: true }).click();
  await field('Address').fill('ftp://example.com');
  await button('Add server').click();
  await complains(field('Address'), /this is not a web address/i);
  assert.equal(text(), before);
});

test('JSON snippets for other clients fill in the form', async () => {
  await newServer();
  const line = field('Command line');
  await line.focus();
  const one = {
    mcpServers: {
      weather: { command: 'npx', args: ['-y', 'a b'], env: { API_KEY: 'k', UNITS: 'metric' } },
    },
  };
  await paste(page, JSON.stringify(one, null, 2));
  await page.getByText('weather was taken over from the pasted text. With 2 variables.').waitFor();
  assert.equal(await line.inputValue(), `npx -y 'a b'`);
  assert.equal(await field('Name').inputValue(), 'weather');
  assert.equal(await field('Argument 2').inputValue(), 'a b');
  assert.equal(await field('Variable 1: name').inputValue(), 'API_KEY');
  const secret = page.getByLabel('Variable 1: value');
  assert.equal(await secret.getAttribute('type'), 'password');
  await button('Show the value of API_KEY').click();
  assert.equal(await secret.getAttribute('type'), 'text');
  assert.equal(await secret.inputValue(), 'k');

  await line.fill('');
  await line.focus();
  await paste(page, '{ "mcpServers": { "weather": ');
  await page.getByText(/^This begins like JSON but ends too early/).waitFor();
  await line.fill('');
  await line.focus();
  const several = {
    mcpServers: { one: { command: 'a' }, two: { url: 'https://example.com/mcp' } },
  };
  await paste(page, JSON.stringify(several));
  await page.getByText('This describes 2 servers. Which one do you want to add?').waitFor();
  await button('two').click();
  assert.equal(await field('Address').inputValue(), 'https://example.com/mcp');
  assert.equal(await field('Name').inputValue(), 'two');
});

test('a command that fails says why, what to do, and what it printed last', async () => {
  await newServer();
  await field('Command line').fill('no-such-program-anywhere --now');
  await button('Test').click();
  const trial = page.getByRole('region', { name: 'Test' });
  await trial.getByText('The command no-such-program-anywhere was not found').waitFor();
  await trial.getByText(/^Install it, or write its full path/).waitFor();

  const script = { start: { stderr: ['reading the key', 'the key is wrong'], exit: 3 } };
  await field('Command line').fill(fake(own, 'wrong-key', script).join(' '));
  await page.getByText('The settings were changed since.').waitFor();
  await button('Test again').click();
  const why = 'The server closed its output (exit status: 3)';
  await trial.getByText(why, { exact: true }).waitFor();
  await trial.getByText('the key is wrong').first().waitFor();
  await until('nothing of it runs', () => running('wrong-key').length === 0);

  // Saved all the same, it is what needs attention.
  await field('Name').fill('wrong');
  await button('Add server').click();
  await page.getByRole('heading', { level: 1, name: 'wrong', exact: true }).waitFor();
  await page.getByText('Failing', { exact: true }).waitFor();
  await goTo(page, '#/', 'Home');
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await attention.getByText(/^What it printed last/).click();
  await attention.getByText('the key is wrong').waitFor();
  await attention.getByRole('link', { name: 'Edit wrong' }).click();
  await page.getByRole('heading', { level: 1, name: 'Edit wrong' }).waitFor();
});

test('a trial shows its output as it comes, and Stop ends its process', async () => {
  await newServer();
  const script = { start: { stderr: ['downloading the model'], delayMs: 60_000 } };
  await field('Command line').fill(fake(own, 'slow', script).join(' '));
  await button('Test').click();
  const trial = page.getByRole('region', { name: 'Test' });
  await trial.getByRole('log').getByText('downloading the model').waitFor();
  await trial.getByText(/^[1-9]\d*\.\d s$/).waitFor();
  assert.equal(running('slow.script').length, 1);
  await trial.getByRole('button', { name: 'Stop' }).click();
  await trial.getByText('Stopped before the server answered.').waitFor();
  await until('its process has ended', () => running('slow.script').length === 0);

  // Leaving the form ends it as well.
  await button('Test again').click();
  await until('it runs again', () => running('slow.script').length === 1);
  await goTo(page, '#/', 'Home');
  await until('its process has ended again', () => running('slow.script').length === 0);
  await newServer();
  await page.getByText('These are your changes from before; they were not saved yet.').waitFor();
  await button('Discard them').click();
  assert.equal(await field('Command line').inputValue(), '');
});

test('what is edited here leaves the rest of the file as it was', async () => {
  await goTo(page, '#/servers/memory/edit', 'Edit memory');
  await field('Description').fill('Everybody’s memory');
  await more(true);
  await field('Call timeout').fill('2.5');
  await page.getByRole('radio', { name: 'Only these' }).check();
  await field('Tools to offer, one a line').fill('read_graph\nsearch_nodes');
  const before = text();
  await button('Save').click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  const after = text();
  for (const remark of ['// What we use in the team.', '// Remembers', '// see the wiki'])
    assert.ok(after.includes(remark), after);
  assert.ok(after.includes('"description": "Everybody’s memory", // see the wiki'), after);
  assert.ok(after.indexOf('"description"') < after.indexOf('"name"'), after);
  assert.match(after, /2500/);
  await toast(page, 'memory is saved.').getByRole('button', { name: 'Undo' }).click();
  await toast(page, 'Taken back.').waitFor();
  assert.equal(text(), before);
});

test('a change made by hand meanwhile is shown, chosen from and never overwritten', async () => {
  await goTo(page, '#/servers/memory/edit', 'Edit memory');
  await field('Description').fill('Mine');
  await more(true);
  await field('Connections at most').fill('2');
  edit('"Our memory", // see the wiki', '"Theirs", // changed\n      "callTimeout": 9000,');
  const theirs = text();
  await button('Save').click();

  await page.getByRole('heading', { name: 'The file was changed meanwhile' }).waitFor();
  await page.getByText(/Nothing was overwritten\.$/).waitFor();
  assert.equal(text(), theirs);
  const description = page.getByRole('group', { name: 'Description' });
  await description.getByText('Theirs', { exact: true }).waitFor();
  await description.getByText('Mine', { exact: true }).waitFor();
  // What only the file changed is the file's unless somebody says otherwise.
  const timeout = page.getByRole('group', { name: 'Call timeout' });
  assert.ok(await timeout.getByRole('radio', { name: /^Take the file’s/ }).isChecked());
  await page.getByText('One choice is left.').waitFor();
  assert.ok(await button('Save this').isDisabled());

  // It is changed once more before the choice is made.
  edit('9000', '8000');
  const again = text();
  await description.getByRole('radio', { name: /^Keep mine/ }).check();
  await button('Save this').click();
  await timeout.getByText('8 s', { exact: true }).waitFor();
  assert.equal(text(), again);
  // What was chosen before stands.
  assert.equal(await description.count(), 0);
  await button('Save this').click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  assert.ok(text().includes('"Mine", // changed'), text());
  assert.match(text(), /"callTimeout": 8000/);
  assert.match(text(), /"poolSize": 2/);
});

test('their version can be taken as a whole', async () => {
  await goTo(page, '#/servers/memory/edit', 'Edit memory');
  await field('Description').fill('Mine');
  edit('"Our memory"', '"Theirs"');
  const theirs = text();
  await button('Save').click();
  await page.getByRole('heading', { name: 'The file was changed meanwhile' }).waitFor();
  await button('Take all from the file').click();
  await button('Save this').click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  await page.getByText('Theirs', { exact: true }).waitFor();
  assert.equal(text(), theirs);
});

test('a server that is gone from the file can be added again or left out', async () => {
  await goTo(page, '#/servers/memory/edit', 'Edit memory');
  await field('Description').fill('Mine');
  writeFileSync(file(), '{\n  // Nothing left.\n  "servers": []\n}\n');
  await button('Save').click();
  await page.getByText(/^The file no longer lists this server\./).waitFor();
  assert.match(text(), /"servers": \[\]/);
  await button('Add it again').click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  assert.match(text(), /\/\/ Nothing left\./);
  assert.match(text(), /"Mine"/);
});

test('a gateway that is gone for a while costs nothing that was typed', async () => {
  await goTo(page, '#/servers/memory/edit', 'Edit memory');
  await field('Description').fill('Typed meanwhile');
  await gateway.stop();
  await button('Save').click();
  const refused = page.getByRole('alert').filter({ hasText: 'Could not reach the gateway' });
  await refused.last().waitFor();
  assert.equal(await field('Description').inputValue(), 'Typed meanwhile');
  gateway = await startGateway(own, { port: gateway.port });
  await page.getByText('Running', { exact: true }).waitFor();
  await button('Save').click();
  await page.getByRole('heading', { level: 1, name: 'memory', exact: true }).waitFor();
  assert.match(text(), /"Typed meanwhile", \/\/ see the wiki/);
});

/** The processes of this test whose command line has this in it. */
const running = (part) => own.processes().filter((line) => line.includes(part));
