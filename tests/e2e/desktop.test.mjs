/** The real app on a (virtual) desktop. Needs DISPLAY and a D-Bus session. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { keepShot } from './support/shots.mjs';
import { freePort, needed, Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';
import { openWindow } from './support/webdriver.mjs';

const run = promisify(execFile);
const APP = needed('MCP_GATEWAY_DESKTOP_BIN');

let desktop;
let surroundings;
let port;
let env;

// A window manager closes windows as a user does. It also keeps the display alive: a virtual
// one starts anew, and lets nobody in meanwhile, when its last client leaves.
before(() => {
  needed('DISPLAY');
  desktop = new Surroundings();
  desktop.start('openbox');
});

after(() => desktop.clear());

beforeEach(async () => {
  surroundings = new Surroundings();
  port = await freePort();
  env = {
    MCP_GATEWAY_PORT: String(port),
    GDK_BACKEND: 'x11',
    NO_AT_BRIDGE: '1',
    LIBGL_ALWAYS_SOFTWARE: '1',
  };
});

afterEach(() => surroundings.clear());

const tools = async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/tools`);
  return answer.ok ? (await answer.json()).tools : [];
};

/** Waits for the window that `app` shows; gives its id. */
function windowOf(app) {
  const args = ['search', '--onlyvisible', '--pid', String(app.pid), '--name', '^MCP Gateway$'];
  return until('the window is there', async () => {
    // xdotool fails as long as there is none.
    const found = await run('xdotool', args).catch((error) => {
      throw new Error(`${error.message}\nthe app printed: ${app.output}`);
    });
    return found.stdout.split('\n')[0];
  });
}

test('without a display it says so in the user’s language and how to do without', async () => {
  for (const [DISPLAY, LC_ALL, sentence] of [
    ['', 'en_US.UTF-8', /There is no display here/],
    ['', 'zh_CN.UTF-8', /没有图形界面/],
    [':9876', 'en_US.UTF-8', /cannot be opened/],
    [':9876', 'zh_CN.UTF-8', /无法打开/],
  ]) {
    const app = surroundings.start(APP, [], { ...env, DISPLAY, LC_ALL });
    assert.deepEqual(await app.ended, { code: 1, signal: null });
    assert.match(app.output, sentence);
    assert.match(app.output, /mcp-gateway$/m);
    await surroundings.allEnded();
  }
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`it serves clients and shows its window; ${signal} ends it and every child`, async () => {
    const app = surroundings.start(APP, [], env);
    await windowOf(app);
    await until('the demo tools are served', async () => (await tools()).length > 0);
    app.child.kill(signal);
    assert.deepEqual(await app.ended, { code: 0, signal: null }, app.output);
    await surroundings.allEnded();
  });
}

test('the window shows the gateway’s state and tools without port or token', async () => {
  const window = await openWindow(surroundings, env);
  await window.says(`http://localhost:${port}/mcp`);
  await window.says('Running');
  await until('the demo tools are served', async () => (await tools()).length > 0);
  for (const { name } of await tools()) await window.says(name);
  keepShot('desktop-window', await window.shot());
  const { stdout } = await run('import', ['-window', 'root', 'png:-'], {
    encoding: 'buffer',
    maxBuffer: 64 << 20,
  });
  keepShot('desktop-screen', stdout);
  await window.click('label[lang="zh-CN"]');
  await window.says('服务器');
  keepShot('desktop-window-zh', await window.shot());
  assert.equal(await window.script('return location.href.includes("token")'), false);
  await window.end();
});

test('closing the window ends the app and every child', async () => {
  const app = surroundings.start(APP, [], env);
  const id = await windowOf(app);
  await until('the demo tools are served', async () => (await tools()).length > 0);
  await until('the window has the focus', async () => {
    await run('xdotool', ['windowactivate', id]);
    return (await run('xdotool', ['getactivewindow'])).stdout.trim() === id;
  });
  // Pressed again where the window manager was not listening yet.
  let ended = false;
  void app.ended.then(() => (ended = true));
  await until('the window is closed', async () => {
    if (!ended) await run('xdotool', ['key', '--clearmodifiers', 'alt+F4']);
    return ended;
  });
  assert.deepEqual(await app.ended, { code: 0, signal: null }, app.output);
  await surroundings.allEnded();
});

test('a config that cannot be used is explained in the window', async () => {
  surroundings.writeConfig('{ "gateway": { "port": "many" } }');
  const window = await openWindow(surroundings, env);
  await window.says('The gateway could not start');
  await window.says('port');
  keepShot('desktop-failed', await window.shot());
  await window.end();
});
