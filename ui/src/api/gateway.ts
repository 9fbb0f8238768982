/** The questions that the page asks, and the check that an answer is one. */

import { request, RequestError } from './transport';
import type { Status, Tool } from './types';

/** The tools that clients see, or that no server is ready to offer any. */
export type ToolsAnswer = { kind: 'tools'; tools: Tool[] } | { kind: 'starting' };

/** `GET /api/status`. Rejects with a `RequestError`. */
export async function readStatus(): Promise<Status> {
  const { status, json } = await request('GET', '/api/status');
  if (status === 200 && isStatus(json)) return json;
  throw new RequestError({ kind: 'unreadable', status });
}

/** `GET /tools`. Rejects with a `RequestError`. */
export async function readTools(): Promise<ToolsAnswer> {
  const { status, json } = await request('GET', '/tools');
  if (status === 503) return { kind: 'starting' };
  if (status === 200 && hasList(json, 'tools'))
    return { kind: 'tools', tools: json.tools as Tool[] };
  throw new RequestError({ kind: 'unreadable', status });
}

function isStatus(json: unknown): json is Status {
  return (
    hasList(json, 'servers') &&
    hasList(json, 'notices') &&
    hasList(json, 'clashes') &&
    typeof json.endpoint === 'string' &&
    typeof json.state === 'string'
  );
}

function hasList(json: unknown, key: string): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && Array.isArray((json as never)[key]);
}
