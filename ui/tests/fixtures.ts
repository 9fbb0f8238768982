/** Answers of a gateway, as the page would get them. */

import { vi } from 'vitest';
import type { Server, Status, Tool } from '../src/api/types';

export function server(name: string, parts: Partial<Server> = {}): Server {
  return {
    name,
    transport: 'stdio',
    state: 'ready',
    tools: 2,
    prompts: 0,
    resources: 0,
    pool: { total: 1, active: 0, idle: 1, max: 1 },
    error: null,
    ...parts,
  };
}

export const failing = server('ops', {
  state: 'failing',
  tools: 0,
  pool: { total: 0, active: 0, idle: 0, max: 1 },
  error: {
    message: { en: 'The program “uvx” was not found.', zh: '找不到程序 “uvx”。' },
    remedy: { en: 'Install uv.', zh: '请安装 uv。' },
    lastLines: ['first line', 'second line'],
  },
});

export function status(parts: Partial<Status> = {}): Status {
  return {
    version: '1.2.3',
    state: 'ok',
    uptime: 4000,
    endpoint: 'http://localhost:4298/mcp',
    configPath: '/home/dev/config.json',
    sessions: 3,
    notices: [],
    servers: [server('demo')],
    clashes: [],
    ...parts,
  };
}

export const tools: Tool[] = [
  { name: 'demo_echo', serverName: 'demo', description: 'Says it again' },
  { name: 'demo_add', serverName: 'demo', description: null },
];

/** What a gateway says on each path: a JSON value, a status with a body, or nobody there. */
export type Answers = Record<string, unknown | Response | Error>;

/** Puts `answers` behind `fetch`. They may be changed while the page runs. */
export function serve(answers: Answers) {
  const fetch = vi.fn((url: URL, _init?: RequestInit) => {
    const answer = answers[url.pathname];
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer instanceof Response ? answer.clone() : Response.json(answer));
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}
