/**
 * Every screen in every state: no serious accessibility fault, not wider than its window, and in
 * Chinese nothing that was left in English. The pictures that the README shows come from here.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { overflow, untranslated, violations } from './support/audit.mjs';
import { useBrowser, VIEWPORT } from './support/browser.mjs';
import { connect } from './support/client.mjs';
import { startGateway } from './support/gateway.mjs';
import { paste } from './support/page.mjs';
import { fake } from './support/servers.mjs';
import { settle } from './support/settle.mjs';
import { keepShot } from './support/shots.mjs';
import { busyHistory, showcase } from './support/showcase.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const SMALL = { width: 480, height: 400 };
/** Each language is looked at in both themes and both sizes; the two together in all four pairs. */
const LANGUAGES = [
  {
    name: 'en',
    locale: 'en-US',
    looks: [
      ['light', VIEWPORT],
      ['dark', SMALL],
    ],
  },
  {
    name: 'zh',
    locale: 'zh-CN',
    looks: [
      ['dark', VIEWPORT],
      ['light', SMALL],
    ],
  },
];

/** Names and technical words that are the same in every language. */
const NAMES = [
  'MCP Gateway',
  'MCP',
  'Claude Desktop',
  'Claude Code',
  'Claude',
  'English',
  'README',
  'JSON',
  'stdio',
  'HTTP',
  'CPU',
  'MB',
  'Authorization',
  'AppIndicator and KStatusNotifierItem Support',
  'GNOME',
  'MCP_GATEWAY_PORT',
  'mcp-stdio-bridge',
  'mcp-gateway config init',
  'mcp-gateway logs -f',
  'logLevel',
  '--port',
  'mcpServers',
  'toolFilters',
  'mapping',
  'API_KEY',
  'PATH',
];

const browser = useBrowser();
let own;
let page;
let found;
let calls;

beforeEach(() => {
  own = new Surroundings();
  found = [];
  calls = undefined;
});

afterEach(async () => {
  await calls?.end();
  own.clear();
});

for (const language of LANGUAGES) {
  const options = { locale: language.locale, reducedMotion: 'reduce' };
  /** What the servers and the user of this test wrote, in whatever language. */
  let texts = [];

  /** Looks at the page as it is now. */
  async function look(name) {
    for (const [colorScheme, size] of language.looks) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const where = `${name}, ${colorScheme}, ${size.width}`;
      for (const fault of await violations(page)) found.push(`${where}: ${fault}`);
      const wide = await overflow(page);
      if (wide > 0) found.push(`${where}: ${wide} px too wide`);
      if (language.name === 'zh') {
        for (const text of await untranslated(page, { texts, names: NAMES }))
          found.push(`${where}: “${text}”`);
      }
    }
    await page.setViewportSize(VIEWPORT);
  }

  /** Looks at it, and takes its picture in both themes. */
  async function show(name, gateway, instead) {
    await look(name);
    if (!process.env.SHOTS) return;
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await settle(page, own, gateway, instead);
      keepShot(`browser-${name}-${language.name}-${colorScheme}`, await page.screenshot());
    }
  }

  const go = async (hash) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.locator('h1').waitFor();
  };

  test(`before there is a server, and without a gateway (${language.name})`, async () => {
    const gateway = await startGateway(own);
    await gateway.becomes('demo');
    texts = [...titled('demo'), ...titled('none'), ...(await wordsOf(gateway, ['demo']))];
    page = await browser.open(gateway.page, options);
    await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
    await look('no-token');
    await page.goto(`${gateway.page}#code=spent`);
    await page.getByText('mcp-gateway ui', { exact: true }).waitFor();
    await look('code-spent');
    await page.goto(gateway.door);
    await page.locator('#welcome-title').waitFor();
    await show('home-first', gateway);
    await go('#/servers');
    await page.getByRole('link', { name: 'demo', exact: true }).waitFor();
    await look('servers-demo');
    await go('#/servers/demo');
    await page.getByText('demo_add', { exact: true }).waitFor();
    await look('server-demo');
    await go('#/servers/demo/edit');
    await page.locator('section.message').waitFor();
    await look('server-demo-edit');
    await go('#/servers/none');
    await page.locator('.missing h2').waitFor();
    await look('server-missing');

    await gateway.stop();
    await go('#/');
    await page.getByRole('alert').first().waitFor();
    await look('stale');
    await page.evaluate(() => (location.hash = '#/settings'));
    await look('settings-stale');
    assert.equal(found.join('\n'), '');
  });

  test(`with servers (${language.name})`, async () => {
    const { healthy, faulty, instead } = await showcase(own);
    own.writeConfig(healthy);
    const gateway = await startGateway(own, { port: null });
    const names = ['memory', 'files', 'everything', 'docs'];
    for (const name of names) await gateway.becomes(name);
    texts = [
      ...[...names, 'search', 'web'].flatMap(titled),
      'npx -y mcp-searxng',
      ...(await wordsOf(gateway, names)),
    ];
    page = await browser.open('about:blank', options);
    await page.route(/\/api\/servers\/(memory|files|everything|docs)\/history$/, (route) => {
      const most = route.request().url().includes('/everything/') ? 3 : 1;
      return route.fulfill({ json: busyHistory(Date.now(), most) });
    });
    await page.goto(gateway.door);
    calls = await traffic(gateway);

    await page.locator('#desktop-title').waitFor();
    await until('something is called', async () => !(await rate()).startsWith('0'));
    await show('home', gateway, instead);
    await page.locator('.try button').click();
    await page.locator('.outcome .works').waitFor();
    await look('home-bridge');

    const file = own.path('home/.config/mcp-gateway/config.json');
    writeFileSync(file, faulty.replace('"npx"', '7').replace('"docs"', '"files"'));
    const mistakes = page.locator('#config-problems');
    await mistakes.waitFor();
    await look('home-mistakes');
    writeFileSync(file, faulty);
    await mistakes.waitFor({ state: 'detached' });
    await gateway.becomes('search', 'failing');
    await page.locator('.fault summary').click();
    await show('home-attention', gateway, instead);

    await go('#/servers');
    await page.getByRole('link', { name: 'search', exact: true }).waitFor();
    await closeToasts();
    await show('servers', gateway, instead);
    await page.locator('[aria-haspopup="menu"]').nth(1).click();
    await page.getByRole('menu').waitFor();
    await look('servers-menu');
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('zz');
    await page.locator('.empty').waitFor();
    await look('servers-none');

    await form(gateway, instead);
    await serverPages(gateway, instead);

    await go('#/servers/memory/edit');
    await page.locator('#field-description').fill('Whose account it uses');
    texts.push('Whose account it uses', 'Where the team keeps what it knows');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        '"What the team should not forget"',
        '"Where the team keeps what it knows", "callTimeout": 90000',
      ),
    );
    await page.locator('button[type="submit"]').click();
    await page.locator('#conflict-title').waitFor();
    await show('conflict', gateway, instead);
    writeFileSync(file, text);

    await go('#/settings');
    await page.locator('#port').waitFor();
    await show('settings', gateway, instead);
    await page.locator('#port').fill('70000');
    await page.locator('#port').press('Enter');
    await page.locator('#port-fault p').waitFor();
    await look('settings-port');
    await go('#/settings/log');
    await page.locator('main .card').waitFor();
    await show('gateway-log', gateway, instead);
    assert.equal(found.join('\n'), '');
  });

  /** A server's name, as it stands on its page and in the title of its window. */
  const titled = (name) => [name, `${name} · MCP Gateway`];
  const rate = () =>
    page
      .locator('.sum')
      .innerText()
      .then((text) => text.replace(/^每秒 /, ''));
  const submit = () => page.locator('button[type="submit"]');
  const tryIt = () => page.locator('.bar button[type="button"]').click();

  async function closeToasts() {
    const close = page.locator('section[aria-label*="F8"] .close');
    while ((await close.count()) > 0) await close.last().click();
  }

  async function form(gateway, instead) {
    await go('#/servers/new');
    const line = page.locator('#field-command');
    await line.focus();
    await show('server-form-empty', gateway, instead);
    await paste(page, 'npx -y @modelcontextprotocol/server-memory');
    await page.locator('#field-description').fill('What the team should not forget');
    await page.evaluate(() => scrollTo(0, 0));
    await show('server-form', gateway, instead);
    await tryIt();
    await page.locator('.trial .good').waitFor();
    await show('server-test', gateway, instead);

    await line.fill('npx -y mcp-searxng');
    await tryIt();
    await page.locator('.trial .fault').waitFor();
    await show('server-test-failed', gateway, instead);
    const slow = { start: { stderr: ['downloading …'], delayMs: 60_000 } };
    await line.fill(fake(own, 'slow', slow).join(' '));
    await tryIt();
    await page.locator('.trial [role="log"]').getByText('downloading').waitFor();
    await look('server-test-running');
    await page.locator('.trial .card-head button').click();
    await page.locator('.trial .outcome p').first().waitFor();
    await look('server-test-stopped');

    await page.locator('#field-name').fill('a/b');
    await page.locator('#field-env-label + .rows .add, [data-field="env"] .add').first().click();
    await page.locator('[data-field="env"] .name').fill('API_KEY');
    await page.locator('details.fields summary').click();
    await page.locator('#field-poolSize').fill('many');
    await submit().click();
    await page.locator('#field-poolSize-error').waitFor();
    await look('server-form-more');
    await page.locator('#field-poolSize').fill('');
    await submit().click();
    await page.locator('#field-name-error').waitFor();
    await look('server-form-errors');
    await line.fill('');
    await line.focus();
    const several = { one: { command: 'npx' }, two: { url: 'https://example.com/mcp' } };
    await paste(page, JSON.stringify({ mcpServers: several }));
    await page.locator('.choices button').nth(1).waitFor();
    texts.push('one', 'two');
    await look('server-form-several');
    await page.locator('.choices button').nth(1).click();
    await page.locator('#field-url').waitFor();
    await look('server-form-remote');
    await go('#/servers');
    await go('#/servers/new');
    await page.locator('.kept').waitFor();
    await look('server-form-kept');
    await page.locator('.kept button').click();
  }

  async function serverPages(gateway, instead) {
    await go('#/servers/files');
    await page.getByText('files_read_text_file', { exact: true }).waitFor();
    await show('server-tools', gateway, instead);
    await page.locator('.rename').first().click();
    await look('server-tool-rename');
    await page.keyboard.press('Escape');
    await page.locator('.tool [role="switch"]').first().click();
    await page.locator('.tool.off').waitFor();
    await look('server-tool-off');
    await closeToasts();
    await go('#/servers/everything');
    await page.locator('#tab-pool').click();
    await page.locator('.frame canvas').nth(1).waitFor();
    await show('server-pool', gateway, instead);
    await go('#/servers/files');
    await page.locator('#tab-settings').click();
    await page.locator('#panel-settings pre').first().waitFor();
    await show('server-settings', gateway, instead);
    await go('#/servers/search');
    await page.locator('#tab-log').click();
    await page
      .getByRole('log')
      .getByText(/SEARXNG_URL/)
      .first()
      .waitFor();
    await show('server-log', gateway, instead);
    await page.getByRole('searchbox').fill('zz');
    await look('server-log-none');
    await go('#/servers/web');
    await look('server-off');
    await page.locator('#tab-pool').click();
    await look('server-off-pool');
  }
}

/** What servers and their tools say of themselves. */
async function wordsOf(gateway, servers) {
  const words = [];
  for (const { description, target } of (await gateway.ask('GET', '/api/status')).servers)
    words.push(description, target);
  for (const server of servers) {
    // A server is ready a little before it is known what it offers.
    const { tools } = await until('its tools are known', async () => {
      const answer = await gateway.ask('GET', `/api/servers/${server}/tools`);
      return answer.tools.length > 0 && answer;
    });
    words.push(...tools.flatMap(({ title, description }) => [title, description?.trim()]));
  }
  return words.filter((word) => word !== null);
}

/** Calls that come all the time until `end`. */
async function traffic(gateway) {
  const client = await connect(gateway.endpoint);
  let going = true;
  const calls = async (name, args, gap) => {
    while (going) {
      await client.call(name, args);
      await pause(gap);
    }
  };
  const all = Promise.all([
    calls('everything_trigger-long-running-operation', { duration: 0.4, steps: 1 }, 10),
    calls('everything_trigger-long-running-operation', { duration: 0.4, steps: 1 }, 50),
    calls('docs_search_docs', {}, 120),
  ]);
  return {
    async end() {
      going = false;
      await all;
      await client.close();
    },
  };
}
