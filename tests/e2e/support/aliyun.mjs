/** The fake Alibaba Cloud of testkit, with one service `ecs`. */

import { dirname, join } from 'node:path';
import { needed } from './surroundings.mjs';
import { until } from './wait.mjs';

/** Starts it among the programs of `surroundings`. */
export async function startAliyun(surroundings, args = []) {
  const program =
    process.env.FAKE_ALIYUN_BIN ?? join(dirname(needed('MCP_GATEWAY_BIN')), 'fake-aliyun');
  const started = surroundings.start(program, args);
  const hello = await until('Alibaba Cloud is there', () => /^\{.*\}$/m.exec(started.output)?.[0]);
  const { control, config, clientId } = JSON.parse(hello);
  const ask = async (method, path, body) => {
    const answer = await fetch(`${control}/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    clientId,
    /** What a configuration has to have for it; answers go to the app. */
    config: {
      ...config,
      oauth: { ...config.oauth, redirectUri: 'mcp-gateway://oauth/callback' },
    },
    /** How often each of its endpoints was asked. */
    counts: () => ask('GET', 'counts'),
    /** What it has given to a user. */
    tokens: (user) => ask('GET', `tokens/${user}`),
    /** Changes how it behaves. */
    behave: (patch) => ask('PATCH', 'behaviour', patch),
    /** Takes everything from a user. */
    revoke: (user) => ask('POST', `revoke/${user}`),
  };
}
