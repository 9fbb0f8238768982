/** The app's window, driven through WebKit's own WebDriver. */

import { freePort, needed } from './surroundings.mjs';
import { until } from './wait.mjs';

/** WebDriver, "Elements": the key under which a reference to one travels. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const DRIVER = process.env.WEBKIT_WEBDRIVER_BIN ?? '/usr/bin/WebKitWebDriver';

/** Starts the app under a driver and waits for its window. */
export async function openWindow(surroundings, env) {
  const port = await freePort();
  // With the first of these the app's webview lets itself be driven.
  const driver = surroundings.start(DRIVER, [`--port=${port}`], {
    TAURI_WEBVIEW_AUTOMATION: 'true',
    TAURI_AUTOMATION: 'true',
    ...env,
  });
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  await until('the driver answers', () => ask('GET', '/status'));
  const binary = needed('MCP_GATEWAY_DESKTOP_BIN');
  const { sessionId } = await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: [] } } },
  });
  const session = `/session/${sessionId}`;
  const script = (text, ...args) => ask('POST', `${session}/execute/sync`, { script: text, args });
  const find = (selector) =>
    until(`the window shows ${selector}`, async () => {
      const found = await ask('POST', `${session}/element`, {
        using: 'css selector',
        value: selector,
      });
      return found[ELEMENT];
    });
  return {
    /** Waits until the page says this. */
    says: (text) =>
      until(`the window says “${text}”`, () =>
        script('return document.body.innerText.includes(arguments[0])', text),
      ),
    /** Runs a function body in the page. */
    script,
    async click(selector) {
      await ask('POST', `${session}/element/${await find(selector)}/click`, {});
    },
    async shot() {
      // What the page says may not be on screen yet; two frames later it is.
      await ask('POST', `${session}/execute/async`, {
        script:
          'const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(done));',
        args: [],
      });
      return Buffer.from(await ask('GET', `${session}/screenshot`), 'base64');
    },
    /** Ends the app in order, and the driver with it. */
    async end() {
      const app = surroundings.processes().find((line) => line.split(' ')[1] === binary);
      process.kill(Number.parseInt(app, 10), 'SIGTERM');
      await until('the app has ended', () => !surroundings.processes().includes(app));
      driver.child.kill('SIGTERM');
      await surroundings.allEnded();
    },
  };
}
