/** The page stays quick with 200 servers and 5,000 tools, and small. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { useBrowser } from './support/browser.mjs';
import { startCrowd } from './support/crowd.mjs';
import { startGateway } from './support/gateway.mjs';
import { goTo } from './support/page.mjs';
import { fake, local } from './support/servers.mjs';
import { busyHistory } from './support/showcase.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { longTasks } from './support/tasks.mjs';

const SERVERS = 200;
const TOOLS = 5000;
/** A task on the page's thread may take that long, ms. */
const LONGEST = 50;
/** What is the page's own work takes too long every time; what the machine did to it does not. */
const RUNS = 3;
const PULSES_MS = 5000;
const BUNDLE_BYTES = 250_000;

const browser = useBrowser();
let own;
let crowd;

before(async () => {
  own = new Surroundings();
  own.writeConfig({ servers: [local('one', fake(own, 'one', { tools: [{ name: 'work' }] }))] });
  const gateway = await startGateway(own);
  await gateway.becomes('one');
  const status = await gateway.ask('GET', '/api/status');
  const { tools } = await gateway.ask('GET', '/api/servers/one/tools');
  await gateway.stop();
  const history = busyHistory(Date.now(), 4);
  crowd = await startCrowd({ status, tool: tools[0], count: SERVERS, toolCount: TOOLS, history });
});

after(() => {
  crowd?.close();
  own?.clear();
});

test(`no task is longer than ${LONGEST} ms with ${SERVERS} servers and ${TOOLS} tools`, async (t) => {
  const seen = [];
  for (let run = 1; run <= RUNS; run += 1) {
    const page = await browser.open('about:blank');
    const tasks = await longTasks(page, LONGEST, (phase) => tour(page, phase));
    if (tasks.length === 0) return;
    seen.push(`run ${run}: ${tasks.map(({ phase, ms }) => `${phase} ${ms} ms`).join(', ')}`);
    t.diagnostic(seen.at(-1));
  }
  assert.fail(seen.join('\n'));
});

test('all that a browser loads is at most 250 kB compressed', () => {
  const dist = new URL('../../ui/dist/', import.meta.url);
  const files = readdirSync(dist, { recursive: true }).filter((name) =>
    /\.(js|css|html)$/.test(name),
  );
  assert.ok(files.length >= 3, files.join(' '));
  const sizes = files.map((name) => gzipSync(readFileSync(new URL(name, dist))).length);
  const sum = sizes.reduce((a, b) => a + b, 0);
  assert.ok(sum <= BUNDLE_BYTES, `${sum} bytes: ${files.map((name, i) => `${name} ${sizes[i]}`)}`);
});

/** Goes through the page as somebody with very many servers would. */
async function tour(page, phase) {
  const scroll = async () => {
    await page.mouse.move(500, 400);
    for (let n = 0; n < 25; n += 1) {
      await page.mouse.wheel(0, n % 5 === 4 ? 20_000 : 900);
      await frame(page);
    }
    await page.evaluate(() => scrollTo(0, 0));
  };
  const filter = async (text) => {
    const box = page.getByRole('searchbox');
    await box.pressSequentially(text);
    await frame(page);
    await box.press('Escape');
    await frame(page);
  };

  await page.goto(crowd.door);
  await page.getByRole('heading', { name: 'Right now' }).waitFor();
  await frame(page);
  await phase('pulses on Home');
  await pause(PULSES_MS);

  await phase('opening the list');
  await goTo(page, '#/servers', 'Servers');
  await page.getByText(`${SERVERS} servers`, { exact: true }).waitFor();
  await phase('scrolling the list');
  await scroll();
  await phase('filtering the list');
  await filter('server-1');
  await filter('purpose 9');
  await phase('pulses in the list');
  await pause(PULSES_MS);

  await phase('opening the tools');
  await goTo(page, '#/servers/server-003', 'server-003');
  await page.getByText(/^5,?000 tools/).waitFor();
  await phase('scrolling the tools');
  await scroll();
  await phase('filtering the tools');
  await filter('number 49');
  await phase('opening the plots');
  await page.getByRole('tab').nth(2).click();
  await page.locator('canvas').nth(1).waitFor();
  await pause(2 * 1000);
  await phase('back on Home');
  await goTo(page, '#/', 'Home');
  await frame(page);
}

/** Until what was asked for has been drawn. */
const frame = (page) =>
  page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
