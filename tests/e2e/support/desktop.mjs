/**
 * A desktop for the tests of one file: a window manager on the display, and
 * for each test a session bus and a home of its own.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach } from 'node:test';
import { promisify } from 'node:util';
import { startBus } from './desktop-bus.mjs';
import { picture } from './desktop-screen.mjs';
import { driveWindow, drivable } from './desktop-window.mjs';
import { keepShot } from './shots.mjs';
import { freePort, needed, Surroundings } from './surroundings.mjs';
import { openTray } from './tray.mjs';
import { until } from './wait.mjs';

const run = promisify(execFile);
const TITLE = '^MCP Gateway$';
/** The libraries of Mesa that draw on the processor. */
const SOFTWARE_RENDERER = /\/(libLLVM|swrast_dri|libgallium)[^/]*$/;

/** Registers what begins and ends the desktop of this file. */
export function useDesktop() {
  const desktop = new Desktop();
  let display;

  // A window manager closes windows as a user does. It also keeps the display alive: a virtual
  // one starts anew, and lets nobody in meanwhile, when its last client leaves.
  before(() => {
    needed('DISPLAY');
    display = new Surroundings();
    display.start('openbox');
  });

  beforeEach(() => desktop.begin());

  afterEach(async (t) => {
    try {
      // What it looked like says more than what it waited for.
      if (t.passed === false) keepShot(`failed-${t.name.replaceAll(/\W+/g, '-')}`, await picture());
    } finally {
      desktop.clear();
    }
  });

  after(() => display.clear());

  return desktop;
}

class Desktop {
  async begin() {
    /** The user's home, and the programs that end when the app ends. */
    this.own = new Surroundings();
    /** What the desktop brings: these programs go on when the app has ended. */
    this.session = new Surroundings();
    this.port = await freePort();
    this.bus = await startBus(this.session);
    this.trays = [];
    this.env = {
      DBUS_SESSION_BUS_ADDRESS: this.bus,
      MCP_GATEWAY_PORT: String(this.port),
      GDK_BACKEND: 'x11',
      NO_AT_BRIDGE: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
    };
  }

  clear() {
    for (const tray of this.trays) tray.close();
    this.own.clear();
    this.session.clear();
  }

  /** Where clients reach the gateway. */
  get endpoint() {
    return `http://localhost:${this.port}/mcp`;
  }

  /** A panel with a tray; it is there until the test ends. */
  async tray() {
    const tray = await openTray(this.bus);
    this.trays.push(tray);
    return tray;
  }

  /** Starts the app as the desktop's menu does. */
  start(args = [], env = {}, program = needed('MCP_GATEWAY_DESKTOP_BIN')) {
    const app = this.own.start(program, args, { ...this.env, ...env });
    return new App(this, app);
  }

  /** Starts it so that its window can be driven. */
  async startDrivable(args = [], env = {}) {
    const port = await freePort();
    const app = this.start(args, { ...drivable(port), ...env });
    app.target = port;
    return app;
  }

  /** The app that another program, which runs until the app ends, has started. */
  async startedBy(program) {
    const pid = await until('the app runs', () => {
      const own = this.own.processes().map((line) => line.split(' '));
      return own.find(([, path]) => path?.endsWith('/mcp-gateway-desktop'))?.[0];
    });
    const child = { kill: (signal) => process.kill(Number(pid), signal) };
    const { ended } = program;
    return new App(this, {
      pid: Number(pid),
      child,
      ended,
      get output() {
        return program.output;
      },
    });
  }

  /** Puts a text on the clipboard, as another program would. */
  async copy(text) {
    // It stays in the background to hand the text out.
    const line = 'printf %s "$0" | xclip -in -selection clipboard >/dev/null 2>&1';
    const { code } = await this.session.start('sh', ['-c', line, text]).ended;
    if (code !== 0) throw new Error(`xclip ended with ${code}`);
  }

  /** How a window is: `Normal` or `Iconic` (minimized), as the window manager has it. */
  async stateOf(id) {
    const { stdout } = await run('xprop', ['-id', id, 'WM_STATE']);
    return /window state: (\w+)/.exec(stdout)?.[1];
  }

  /** The window in front. */
  async active() {
    const { stdout } = await run('xdotool', ['getactivewindow']).catch(() => ({ stdout: '' }));
    return stdout.trim();
  }

  /** What is on the clipboard. */
  async clipboard() {
    const { stdout } = await run('xclip', ['-out', '-selection', 'clipboard']);
    return stdout;
  }
}

/** The app as its user sees it. */
class App {
  constructor(desktop, program) {
    this.desktop = desktop;
    this.child = program.child;
    this.pid = program.pid;
    this.program = program;
    void program.ended.then((outcome) => (this.outcome = outcome));
  }

  /** Waits until it has ended; gives how: `{code, signal}`. */
  get ended() {
    return until('the app has ended', () => {
      if (this.outcome === undefined) throw new Error(`the app printed: ${this.output}`);
      return this.outcome;
    });
  }

  /** What it has printed. */
  get output() {
    return this.program.output;
  }

  /** Waits for its window; gives the window's id. */
  window() {
    return until('the window is there', async () => {
      const [id] = await this.windows();
      if (!id) throw new Error(`the app printed: ${this.output}`);
      return id;
    });
  }

  /** Its windows on the screen: none when it is closed or minimized. */
  async windows() {
    return search('--onlyvisible', '--pid', String(this.pid), '--name', TITLE);
  }

  /** Fails if a window comes although nobody asked for one. */
  async staysWithoutWindow() {
    const deadline = Date.now() + 1_000;
    while (Date.now() < deadline) {
      const windows = await this.windows();
      if (windows.length > 0 || this.pages().length > 0) throw new Error('a window came');
    }
  }

  /** Drives its window. */
  drive() {
    return driveWindow(this.desktop.session, this.target, this.desktop.env);
  }

  /** Closes its window, and waits until the page has gone as well. */
  async closeWindow() {
    await this.pressClose();
    await until('nothing draws a page any more', () => this.pages().length === 0);
  }

  /** Closes its window as a user does; waits until it has left the screen. */
  async pressClose() {
    const id = await this.window();
    let pressed = false;
    // Pressed again where the window manager was not listening yet.
    await until('the window is closed', async () => {
      // A new window leaves the screen for a moment while the window manager frames it.
      if (pressed && (await this.windows()).length === 0) return true;
      // It fails while the window manager is busy with the window.
      await run('xdotool', ['windowactivate', id]).catch(() => {});
      if ((await this.desktop.active()) !== id) return false;
      await run('xdotool', ['key', '--clearmodifiers', 'alt+F4']);
      pressed = true;
      return false;
    });
  }

  /** Where its window is and how large. */
  async geometry() {
    const { stdout } = await run('xdotool', ['getwindowgeometry', '--shell', await this.window()]);
    const of = (name) => Number(new RegExp(`^${name}=(-?\\d+)$`, 'm').exec(stdout)[1]);
    return { x: of('X'), y: of('Y'), width: of('WIDTH'), height: of('HEIGHT') };
  }

  /** Moves and resizes its window. */
  async place({ x, y, width, height }) {
    const id = await this.window();
    await run('xdotool', ['windowsize', '--sync', id, String(width), String(height)]);
    await run('xdotool', ['windowmove', '--sync', id, String(x), String(y)]);
  }

  /** The colour of its window near the lower right corner, as `red,green,blue`. */
  async pixel() {
    const [id] = await this.windows();
    if (!id) return null;
    const args = [
      '-window',
      id,
      '-gravity',
      'SouthEast',
      '-crop',
      '1x1+4+4',
      '-depth',
      '8',
      'rgb:-',
    ];
    const { stdout } = await run('import', args, { encoding: 'buffer' });
    return [...stdout].join();
  }

  /** Ends it as a session does; whatever it started must end as well. */
  async quit() {
    this.child.kill('SIGTERM');
    await this.hasQuit();
  }

  /** Waits until it has ended well, with all that it started. */
  async hasQuit() {
    const ended = await this.ended;
    if (ended.code !== 0) throw new Error(`${JSON.stringify(ended)}, printed: ${this.output}`);
    await this.desktop.own.allEnded();
  }

  /**
   * The memory of the app and of the processes that draw for it, in MB: its part of what is
   * shared. What stands in for a graphics card, which this desktop lacks, is left out.
   */
  memory() {
    const own = this.desktop.own.processes().map((line) => line.split(' '));
    const of = own.filter(([pid, path]) => Number(pid) === this.pid || path.includes('/WebKit'));
    let kilobytes = 0;
    for (const [pid] of of) {
      // A mapping: its addresses and its file, then what is known of it, a line each.
      const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(
        /^(?=[0-9a-f]+-[0-9a-f]+ )/m,
      );
      for (const mapping of mappings)
        if (!SOFTWARE_RENDERER.test(mapping.split('\n', 1)[0]))
          kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(mapping)?.[1] ?? 0);
    }
    return kilobytes / 1024;
  }

  /** Its processes that draw pages. */
  pages() {
    return this.desktop.own.processes().filter((line) => line.includes('WebKitWebProcess'));
  }
}

/** Windows by what xdotool knows of them; it fails where there is none. */
async function search(...args) {
  try {
    const { stdout } = await run('xdotool', ['search', ...args]);
    return stdout.split('\n').filter((id) => id !== '');
  } catch (error) {
    if (error.code === 1) return [];
    throw error;
  }
}
