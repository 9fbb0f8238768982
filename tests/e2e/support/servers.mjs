/** MCP servers to put behind the gateway: the official ones, and the scriptable fake. */

import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needed } from './surroundings.mjs';

const PEERS = fileURLToPath(
  new URL('../../peers/node_modules/@modelcontextprotocol/', import.meta.url),
);

/** The command that starts an official server: `memory`, `everything`, `filesystem`. */
export function official(name, ...args) {
  const script = join(PEERS, `server-${name}`, 'dist/index.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: cargo xtask test --only peers`);
  return ['node', script, ...args];
}

/** The command that starts the fake server (see `tests/testkit/src/fake`) with this script. */
export function fake(surroundings, name, script) {
  const file = surroundings.path(`${name}.script.json`);
  writeFileSync(file, JSON.stringify({ name, ...script }));
  const beside = () => join(dirname(needed('MCP_GATEWAY_BIN')), 'fake-mcp-server');
  return [process.env.FAKE_MCP_SERVER_BIN ?? beside(), file];
}

/** An entry of the configuration for a command. */
export const local = (name, command, more = {}) => ({ name, type: 'local', command, ...more });
