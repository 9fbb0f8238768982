/** The headless gateway as its users run it. */

import { readFileSync } from 'node:fs';
import { needed } from './surroundings.mjs';
import { until } from './wait.mjs';

/**
 * Starts it on `port` (0: the system chooses; null: whatever its configuration says) and waits
 * until it listens. Its data lies in `data` of the surroundings.
 */
export async function startGateway(surroundings, { port = 0 } = {}) {
  const data = surroundings.path('data');
  const args = ['--data-dir', data, ...(port === null ? [] : ['--port', String(port)])];
  // Whose machine this is has a keychain, which no test may touch.
  const env = { MCP_GATEWAY_KEYCHAIN: 'off' };
  const gateway = surroundings.start(needed('MCP_GATEWAY_BIN'), args, env);
  const endpoint = await until('the gateway listens', () => {
    const line = /^listening on (http\S+)$/m.exec(gateway.output);
    if (!line && gateway.child.exitCode !== null) throw new Error(gateway.output);
    return line?.[1];
  });
  const token = readFileSync(`${data}/admin.token`, 'utf8').trim();
  const page = new URL('/ui/', endpoint).href;
  return {
    ...gateway,
    endpoint,
    port: Number(new URL(endpoint).port),
    page,
    token,
    /** The page's address for somebody who holds the token. */
    door: `${page}#token=${token}`,
    /** The page's address for somebody at a terminal: what `mcp-gateway ui` prints. */
    async invite() {
      const ui = ['ui', '--no-open', '--port', String(new URL(endpoint).port), '--data-dir', data];
      const printed = surroundings.start(needed('MCP_GATEWAY_BIN'), ui);
      const ended = await printed.ended;
      if (ended.code !== 0) throw new Error(printed.output);
      return printed.output.trim();
    },
    /** Asks the admin API; gives the JSON of a good answer. */
    async ask(method, path, body) {
      const answer = await fetch(new URL(path, endpoint), {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const json = await answer.json();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${json.error}`);
      return json;
    },
    /** Waits until a server is in this state. */
    becomes(name, state = 'ready') {
      return until(`${name} is ${state}`, async () => {
        const { servers } = await this.ask('GET', '/api/status');
        const server = servers.find((one) => one.name === name);
        if (server?.state !== state) throw new Error(JSON.stringify(server ?? servers));
        return server;
      });
    },
    /** SIGTERM; gives how it ended. */
    stop() {
      gateway.child.kill('SIGTERM');
      return gateway.ended;
    },
  };
}
