/** The screen Doctor: what is wrong is found, repaired at a click, and the repair taken back. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { overflow, untranslated, violations } from './support/audit.mjs';
import { useBrowser, VIEWPORT } from './support/browser.mjs';
import { startGateway } from './support/gateway.mjs';
import { focused, toast } from './support/page.mjs';
import { fake, local } from './support/servers.mjs';
import { keepShot } from './support/shots.mjs';
import { Surroundings } from './support/surroundings.mjs';

const NARROW = { width: 640, height: 700 };
const NAMES = ['MCP Gateway', 'MCP', 'files', 'far', 'nowhere.invalid', 'NO_PROXY', 'PEM', 'VPN'];

const browser = useBrowser();
let own;
let gateway;
let config;
let program;

before(async () => {
  own = new Surroundings();
  const [path, script] = fake(own, 'files', { tools: [{ name: 'echo' }] });
  program = path;
  own.writeConfig({
    servers: [
      local('files', [`/gone/bin/${basename(path)}`, script]),
      { name: 'far', type: 'remote', url: 'https://nowhere.invalid/mcp' },
    ],
  });
  config = own.path('home/.config/mcp-gateway/config.json');
  own.env.PATH = `${dirname(path)}:${own.env.PATH}`;
  gateway = await startGateway(own);
  await gateway.becomes('files', 'failing');
});

after(() => own?.clear());

async function open(options) {
  const page = await browser.open(gateway.door, options);
  await page.locator('nav a[href="#/doctor"]').click();
  await page.getByRole('heading', { level: 1, name: /^(Doctor|诊断)$/ }).waitFor();
  await page.getByRole('region', { name: /^(Problems|问题)$/ }).waitFor();
  return page;
}

test('the page is legible in both themes and languages, also when it is narrow', async () => {
  const found = [];
  for (const locale of ['en-US', 'zh-CN']) {
    const page = await open({ locale, reducedMotion: 'reduce' });
    for (const [colorScheme, size] of [
      ['light', VIEWPORT],
      ['dark', NARROW],
    ]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const where = `${locale}, ${colorScheme}`;
      for (const fault of await violations(page)) found.push(`${where}: ${fault}`);
      const wide = await overflow(page);
      if (wide > 0) found.push(`${where}: ${wide} px too wide`);
      keepShot(`doctor-${locale}-${colorScheme}`, await page.screenshot({ fullPage: true }));
    }
    if (locale === 'zh-CN') {
      for (const text of await untranslated(page, { texts: [], names: NAMES })) found.push(text);
    }
  }
  assert.deepEqual(found, []);
});

test('a server that fails leads here; its command is repaired, and the repair taken back', async () => {
  const before = readFileSync(config, 'utf8');
  const page = await browser.open(gateway.door);
  await page.locator('nav a[href="#/servers"]').first().click();
  await page.evaluate(() => (location.hash = '#/servers/files'));
  const link = page.getByRole('link', { name: 'Ask the doctor' });
  await link.waitFor();
  keepShot('doctor-link', await page.screenshot());
  await link.click();
  const problems = page.getByRole('region', { name: 'Problems' });
  await problems.getByText('was not found').first().waitFor();
  const fix = problems.getByRole('button', { name: /^Fix: The command .* of "files"/ });
  await fix.focus();
  await page.keyboard.press('Enter');
  await toast(page, 'The command of "files" is').waitFor();
  await fix.waitFor({ state: 'detached' });
  await gateway.becomes('files');
  assert.ok(readFileSync(config, 'utf8').includes(program));
  assert.match(await focused(page), /Check again/, 'the focus is not lost');

  await toast(page, 'The command of "files" is').getByRole('button', { name: 'Undo' }).click();
  await fix.waitFor();
  assert.equal(readFileSync(config, 'utf8'), before);
});

test('the report can be copied, and what is in order unfolded', async () => {
  const page = await open();
  await page.getByText('In order', { exact: true }).click();
  const fine = page.getByRole('region', { name: 'In order' });
  await fine.getByText('The configuration').waitFor();
  await page.getByRole('button', { name: 'Copy report' }).click();
  await toast(page, 'Copied').waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /\[Problem\] The server "far" cannot be reached/);
  assert.match(text, /\[In order\] The configuration/);
});
