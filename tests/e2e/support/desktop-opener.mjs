/** The system's own opener, as a browser calls it for an address that is no page. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needed } from './surroundings.mjs';
import { until } from './wait.mjs';

const TYPE = 'x-scheme-handler/mcp-gateway';
const ENTRIES = 'home/.local/share/applications';
/** The launcher of a package. */
export const LAUNCHER = 'mcp-gateway.desktop';
const BROWSER = fileURLToPath(new URL('system-browser.mjs', import.meta.url));

/** Whether the app under test lies where a package has put it, beside its launcher. */
export const isInstalled = () =>
  existsSync(join(dirname(needed('MCP_GATEWAY_DESKTOP_BIN')), '../share/applications', LAUNCHER));

/** Begins to open an address; an opener may run as long as the program that it starts. */
export const startOpening = (desktop, address, env = {}, [program, ...args] = ['xdg-open']) =>
  desktop.own.start(program, [...args, address], { ...desktop.env, ...env });

/** Opens an address for a program that runs already. */
export async function openAddress(desktop, address, opener) {
  const opening = startOpening(desktop, address, {}, opener);
  const ended = await opening.ended;
  if (ended.code !== 0) throw new Error(`${JSON.stringify(ended)}, printed: ${opening.output}`);
}

/** Waits until addresses of the app are opened through this desktop entry. */
export async function opensThrough(desktop, entry) {
  await until(`${entry} opens addresses of the app`, async () => {
    const asked = desktop.own.start('xdg-mime', ['query', 'default', TYPE], desktop.env);
    await asked.ended;
    if (asked.output.trim() !== entry) throw new Error(`“${asked.output.trim()}” does`);
    return true;
  });
}

/** The text of a desktop entry of this user's. */
export const entryText = (desktop, entry) => readFileSync(desktop.own.path(ENTRIES, entry), 'utf8');

/** Lets this program open addresses of the app, as the launcher of a package does. */
export async function installLauncher(desktop, entry, program) {
  const folder = desktop.own.path(ENTRIES);
  mkdirSync(folder, { recursive: true });
  const text = `[Desktop Entry]
Type=Application
Name=MCP Gateway
Exec=${program} %u
MimeType=${TYPE};
`;
  writeFileSync(`${folder}/${entry}`, text);
  await desktop.own.start('update-desktop-database', [folder]).ended;
}

/**
 * Makes `system-browser.mjs`, in the hands of this user of the fake Alibaba Cloud, the browser of
 * this home. Gives what tells where it went.
 */
export async function installBrowser(desktop, user) {
  const folder = desktop.own.path(ENTRIES);
  mkdirSync(folder, { recursive: true });
  const log = desktop.own.path('browser.log');
  const program = desktop.own.path('browser');
  writeFileSync(log, '');
  const line = `exec '${process.execPath}' '${BROWSER}' '${log}' '${user}' "$1"`;
  writeFileSync(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const text = `[Desktop Entry]
Type=Application
Name=Browser
Exec=${program} %u
MimeType=x-scheme-handler/http;x-scheme-handler/https;
`;
  writeFileSync(`${folder}/browser.desktop`, text);
  for (const scheme of ['http', 'https']) {
    const args = ['default', 'browser.desktop', `x-scheme-handler/${scheme}`];
    await desktop.own.start('xdg-mime', args, desktop.env).ended;
  }
  return {
    visited: () => readFileSync(log, 'utf8'),
    /** The address with which it came back to the app the last time. */
    answer: () => /^handed over (mcp-gateway:.*)$/m.exec(readFileSync(log, 'utf8'))?.[1],
  };
}
