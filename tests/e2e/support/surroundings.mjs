/**
 * A home, a runtime folder and a mark of their own for each test: nothing of
 * this machine's user is read, and every process that the test brought into
 * being can be found, however it was started.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.mjs';

/** Not `MCP_GATEWAY_…`: the gateway keeps those from the servers that it starts. */
const MARK = 'GATEWAY_E2E_MARK';
const OF_THE_USER = /^(MCP_GATEWAY_|XDG_|LANG$|LANGUAGE$|LC_|LOG_LEVEL$|OAUTH_|WAYLAND_DISPLAY$)/;

let count = 0;

export class Surroundings {
  constructor(language = 'en_US.UTF-8') {
    this.folder = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
    this.mark = `${process.pid}-${(count += 1)}`;
    for (const name of ['home', 'runtime']) mkdirSync(this.path(name), { mode: 0o700 });
    const kept = Object.entries(process.env).filter(([name]) => !OF_THE_USER.test(name));
    this.env = {
      ...Object.fromEntries(kept),
      HOME: this.path('home'),
      XDG_RUNTIME_DIR: this.path('runtime'),
      LC_ALL: language,
      [MARK]: this.mark,
    };
  }

  path(...parts) {
    return join(this.folder, ...parts);
  }

  /** The config file of this home, found without being named. */
  writeConfig(config) {
    mkdirSync(this.path('home/.config/mcp-gateway'), { recursive: true });
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    writeFileSync(this.path('home/.config/mcp-gateway/config.json'), text);
  }

  /** Starts a program; what it prints is in `output`, how it ended in `ended`. */
  start(program, args = [], env = {}) {
    const child = spawn(program, args, {
      cwd: this.path('home'),
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = { pid: child.pid, output: '', child };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (started.output += text));
    }
    started.ended = new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (code, signal) => resolve({ code, signal }));
    });
    return started;
  }

  /** The processes of this test that live, as `pid command line`. Zombies do not live. */
  processes() {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${this.mark}`))
      .filter((pid) => !/^State:\s+Z/m.test(read(`/proc/${pid}/status`)))
      .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
  }

  /** Fails unless every process of this test ends by itself. */
  async allEnded() {
    await until('no process is left', () => {
      const left = this.processes();
      if (left.length > 0) throw new Error(left.join('\n'));
      return true;
    });
  }

  /** Ends what a failed test left running, and removes the folder. */
  clear() {
    for (const line of this.processes()) {
      try {
        process.kill(Number.parseInt(line, 10), 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A variable that says where something to test is. */
export function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the tests through: cargo xtask test`);
  return value;
}

// A process may end while it is looked at, or belong to somebody else.
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
