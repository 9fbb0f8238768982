/** The app's window, driven through WebKit's own WebDriver: what a user sees, clicks and types. */

import { FIND, sendable } from './desktop-page.mjs';
import { freePort } from './surroundings.mjs';
import { until } from './wait.mjs';

/** WebDriver, "Elements": the key under which a reference to one travels. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** WebDriver, "Keyboard actions". */
const CONTROL = '\uE009';
const DRIVER = process.env.WEBKIT_WEBDRIVER_BIN ?? '/usr/bin/WebKitWebDriver';

/** The variables with which the app's webview lets itself be driven through this port. */
export const drivable = (port) => ({
  TAURI_WEBVIEW_AUTOMATION: 'true',
  WEBKIT_INSPECTOR_SERVER: `127.0.0.1:${port}`,
});

/**
 * Drives the window of an app that was started `drivable` at `target`. There must be a window, or
 * one must come: until then this waits. The driver is one of the programs of `surroundings`.
 */
export async function driveWindow(surroundings, target, env) {
  const port = await freePort();
  surroundings.start(DRIVER, [`--port=${port}`, `--target=127.0.0.1:${target}`], env);
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
  const { sessionId } = await until('the window can be driven', () =>
    ask('POST', '/session', { capabilities: {} }),
  );
  return new Window((method, path, body) => ask(method, `/session/${sessionId}${path}`, body));
}

class Window {
  constructor(ask) {
    this.ask = ask;
  }

  /** Runs a function body in the page. */
  script(text, ...args) {
    return this.ask('POST', '/execute/sync', { script: text, args });
  }

  /** The address within the page, as `#/servers`. */
  hash() {
    return this.script('return location.hash');
  }

  /** All that the page says. */
  text() {
    return this.script('return document.body.innerText');
  }

  /** Waits until the page says this, a text or an expression. */
  says(words) {
    return until(`the window says “${words}”`, async () => {
      const text = await this.text();
      const said = words instanceof RegExp ? words.test(text) : text.includes(words);
      if (!said) throw new Error(text);
      return true;
    });
  }

  /** Waits for what has this role and name; gives a reference to it. */
  see(role, name, within = null) {
    return until(`the window shows the ${role} “${name}”`, async () => {
      const found = await this.script(FIND, role, sendable(name), within);
      if (found === null) throw new Error(await this.text());
      return found;
    });
  }

  /** Waits until there is nothing of this role and name. */
  async gone(role, name) {
    await until(`the ${role} “${name}” is gone`, async () => {
      return (await this.script(FIND, role, sendable(name), null)) === null;
    });
  }

  /** Waits for what this CSS selector finds, in whatever language it is; gives a reference to it. */
  find(selector) {
    return until(`the window shows ${selector}`, () =>
      this.script('return document.querySelector(arguments[0])', selector),
    );
  }

  /** Clicks it with the pointer, and again while something lies over it or it moves. */
  click(role, name, within = null) {
    return this.#click(`the ${role} “${name}”`, () => this.see(role, name, within));
  }

  /** Clicks what this CSS selector finds. */
  clickOn(selector) {
    return this.#click(selector, () => this.find(selector));
  }

  async #click(what, find) {
    await until(`${what} is clicked`, async () => {
      const found = await find();
      // A radio button is drawn by its label.
      const element = await this.script('return arguments[0].labels?.[0] ?? arguments[0]', found);
      // The driver scrolls no further than to where the form's buttons lie over the end.
      await this.script('arguments[0].scrollIntoView({ block: "center" })', element);
      await this.ask('POST', `/element/${element[ELEMENT]}/click`, {});
      return true;
    });
  }

  /** Types into what has the focus. */
  async type(text) {
    const actions = [...text].flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]);
    await this.#keys(actions);
  }

  /** Holds Control and presses this key. */
  async control(key) {
    await this.#keys([
      { type: 'keyDown', value: CONTROL },
      { type: 'keyDown', value: key },
      { type: 'keyUp', value: key },
      { type: 'keyUp', value: CONTROL },
    ]);
  }

  #keys(actions) {
    return this.ask('POST', '/actions', { actions: [{ type: 'key', id: 'keys', actions }] });
  }

  /** Replaces what a field holds. */
  async fill(role, name, text) {
    const element = await this.see(role, name);
    await this.ask('POST', `/element/${element[ELEMENT]}/clear`, {});
    await this.ask('POST', `/element/${element[ELEMENT]}/value`, { text });
  }

  /** What a field holds. */
  async value(role, name) {
    return this.script('return arguments[0].value', await this.see(role, name));
  }

  /** Goes to a screen by its address and waits for its heading. */
  async goTo(hash, heading) {
    await this.show(hash);
    await this.see('heading', heading);
  }

  /** Goes to a screen by its address. */
  show(hash) {
    return this.script('location.hash = arguments[0]', hash);
  }

  /** Calls a function of one argument in the page; it may use nothing from outside. */
  evaluate(call, argument) {
    return this.script(`return (${call})(arguments[0])`, argument);
  }

  /** A picture of the page. What it says may not be on screen yet; two frames later it is. */
  async shot() {
    await this.ask('POST', '/execute/async', {
      script: 'const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(done));',
      args: [],
    });
    return Buffer.from(await this.ask('GET', '/screenshot'), 'base64');
  }

  /** Goes on with the window that has come after the one that was closed. */
  async goOnWithNext() {
    await until('the next window can be driven', async () => {
      const [handle] = await this.ask('GET', '/window/handles');
      await this.ask('POST', '/window', { handle });
      return this.script('return document.readyState === "complete"');
    });
  }
}
