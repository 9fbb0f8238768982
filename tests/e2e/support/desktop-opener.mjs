/** The system's own opener, as a browser calls it for an address that is no page. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { until } from './wait.mjs';

const TYPE = 'x-scheme-handler/mcp-gateway';
const ENTRIES = 'home/.local/share/applications';

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
