/** Pictures of every screen in the real window, in both languages and themes, where `SHOTS` names a folder. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { settle } from './support/settle.mjs';
import { keepShot } from './support/shots.mjs';
import { busyHistory, showcase } from './support/showcase.mjs';

const desktop = useDesktop();
const skip = process.env.SHOTS ? false : 'SHOTS names no folder for pictures';

test('every screen in the real window', { skip }, async () => {
  const { healthy, faulty, instead } = await showcase(desktop.own);
  const file = desktop.own.path('home/.config/mcp-gateway/config.json');
  desktop.own.writeConfig(healthy);
  desktop.port = /"port": (\d+)/.exec(healthy)[1];
  const tray = await desktop.tray();
  const app = await desktop.startDrivable([], { MCP_GATEWAY_PORT: undefined });
  await app.window();
  const window = await app.drive();
  await tray.entry(/^4 of 4 servers/);
  const calls = await traffic();
  await window.evaluate(
    longPast,
    JSON.stringify([1, 3].map((most) => busyHistory(Date.now(), most))),
  );

  const keep = async (name, look) => {
    await settle(window, desktop.own, desktop, instead);
    keepShot(`${name}-${look}`, await window.shot());
  };
  await inEveryLook(window, async (look) => {
    await window.show('#/');
    await window.find('#desktop-title');
    await keep('home', look);
  });

  writeFileSync(file, faulty);
  await tray.entry(/^search/);
  await inEveryLook(window, async (look) => {
    await window.show('#/');
    await window.find('.fault');
    await keep('home-attention', look);
    for (const [name, take] of Object.entries(SCREENS)) {
      await take(window, file, async () => keep(name, look));
    }
  });
  await calls.end();
  // The server that is reached over HTTP was not started by the app.
  const [remote] = desktop.own.processes().filter((line) => line.includes(' --http '));
  process.kill(Number.parseInt(remote, 10));
  await app.quit();
});

test('what stands in the window while there is no gateway', { skip }, async () => {
  desktop.own.writeConfig('{\n  "gateway": { "port": "many" },\n  "servers": 1\n}');
  const app = await desktop.startDrivable();
  await app.window();
  const window = await app.drive();
  await inEveryLook(window, async (look) => {
    await window.show('#/');
    await window.find('.cause');
    keepShot(`desktop-broken-file-${look}`, await window.shot());
  });

  desktop.own.writeConfig({ servers: [] });
  await window.find('#desktop-title');
  await app.quit();
});

/** Runs in the page: nobody waits ten minutes for a picture, so these are told to have passed. */
function longPast(histories) {
  const [quiet, busy] = JSON.parse(histories);
  const send = window.fetch;
  window.fetch = (address, request) => {
    const path = /"path":"\/api\/servers\/(\w+)\/history"/.exec(request?.body);
    if (!['everything', 'docs', 'memory'].includes(path?.[1])) return send(address, request);
    const body = JSON.stringify(path[1] === 'everything' ? busy : quiet);
    const headers = { 'Content-Type': 'application/json', 'Tauri-Response': 'ok' };
    return Promise.resolve(new Response(JSON.stringify({ status: 200, body }), { headers }));
  };
}

/** Chooses each language with each theme in Settings. */
async function inEveryLook(window, take) {
  for (const [language, choice] of [
    ['en', 'en'],
    ['zh', 'zh-CN'],
  ]) {
    for (const theme of ['light', 'dark']) {
      await window.show('#/settings');
      await window.clickOn(`label[lang="${choice}"]`);
      await window.clickOn(`label:has(> [name="theme"][value="${theme}"])`);
      await window.find(`html[lang^="${language}"]`);
      await take(`${language}-${theme}`);
    }
  }
}

/** How each screen is reached: the window, the configuration file, and what to do once it is there. */
const SCREENS = {
  async servers(window, _file, keep) {
    await window.show('#/servers');
    await window.see('link', 'search');
    await keep();
  },
  async 'server-form'(window, _file, keep) {
    await window.show('#/servers/new');
    await window.find('#field-command');
    await window.evaluate((id) => document.getElementById(id).focus(), 'field-command');
    await desktop.copy('npx -y @modelcontextprotocol/server-memory');
    await window.control('a');
    await window.control('v');
    await window.clickOn('.bar button[type="button"]');
    await window.find('.trial .good');
    await keep();
  },
  async 'server-tools'(window, _file, keep) {
    await window.show('#/servers/files');
    await window.says('files_read_text_file');
    await keep();
  },
  async 'server-log'(window, _file, keep) {
    await window.show('#/servers/search');
    await window.clickOn('#tab-log');
    await window.says('SEARXNG_URL');
    await keep();
  },
  async 'server-pool'(window, _file, keep) {
    await window.show('#/servers/everything');
    await window.clickOn('#tab-pool');
    await window.find('.frame canvas');
    await keep();
  },
  async settings(window, _file, keep) {
    await window.show('#/settings');
    await window.find('#port');
    await keep();
  },
  async 'gateway-log'(window, _file, keep) {
    await window.show('#/settings/log');
    await window.find('[role="log"]');
    await keep();
  },
  async conflict(window, file, keep) {
    await window.show('#/servers/memory/edit');
    await window.find('#field-description');
    await window.evaluate((id) => document.getElementById(id).select(), 'field-description');
    await window.type('What nobody should forget');
    const text = readFileSync(file, 'utf8');
    const changed = '"Where the team keeps what it knows", "callTimeout": 90000';
    writeFileSync(file, text.replace('"What the team should not forget"', changed));
    await window.clickOn('button[type="submit"]');
    await window.find('#conflict-title');
    await keep();
    writeFileSync(file, text);
  },
};

/** Calls that come all the time until `end`. */
async function traffic() {
  const client = await connect(desktop.endpoint);
  let going = true;
  const name = 'everything_trigger-long-running-operation';
  const calls = async (duration) => {
    while (going) await client.call(name, { duration, steps: 1 });
  };
  const all = Promise.all([calls(0.4), calls(0.6)]);
  return {
    async end() {
      going = false;
      await all;
      await client.close();
    },
  };
}
