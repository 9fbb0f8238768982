/** The headless gateway as its users run it. */

import { readFileSync } from 'node:fs';
import { needed } from './surroundings.mjs';
import { until } from './wait.mjs';

/** Starts it on `port` (0: the system chooses) and waits until it listens. */
export async function startGateway(surroundings, { port = 0 } = {}) {
  const data = surroundings.path('data');
  const args = ['--port', String(port), '--data-dir', data];
  const gateway = surroundings.start(needed('MCP_GATEWAY_BIN'), args);
  const endpoint = await until('the gateway listens', () => {
    const line = /^listening on (http\S+)$/m.exec(gateway.output);
    if (!line && gateway.child.exitCode !== null) throw new Error(gateway.output);
    return line?.[1];
  });
  return {
    ...gateway,
    endpoint,
    port: Number(new URL(endpoint).port),
    page: new URL('/ui/', endpoint).href,
    token: readFileSync(`${data}/admin.token`, 'utf8').trim(),
    /** SIGTERM; gives how it ended. */
    stop() {
      gateway.child.kill('SIGTERM');
      return gateway.ended;
    },
  };
}
