/** Answers of a gateway, as the page would get them. */

import { vi } from 'vitest';
import type { LogLine, Pulse, Server, ServerPulse, Status } from '../src/api/types';

export function server(name: string, parts: Partial<Server> = {}): Server {
  return {
    name,
    transport: 'stdio',
    era: 'legacy',
    state: 'ready',
    tools: 2,
    offered: 2,
    prompts: 0,
    resources: 0,
    pool: { total: 1, active: 0, idle: 1, max: 1, waiting: 0 },
    memory: null,
    cpu: null,
    error: null,
    retryAt: null,
    description: null,
    target: `npx -y ${name}`,
    service: false,
    builtIn: false,
    ...parts,
  };
}

export const failing = server('ops', {
  state: 'failing',
  tools: 0,
  offered: 0,
  pool: { total: 0, active: 0, idle: 0, max: 1, waiting: 0 },
  error: {
    message: { en: 'The program “uvx” was not found.', zh: '找不到程序 “uvx”。' },
    remedy: { en: 'Install uv.', zh: '请安装 uv。' },
    lastLines: ['first line', 'second line'],
  },
});

/** A line that a server printed. */
export const line = (seq: number): LogLine => ({
  seq,
  at: 0,
  source: 'stderr',
  level: null,
  text: `line ${seq}`,
  zh: null,
});

export function status(parts: Partial<Status> = {}): Status {
  return {
    version: '1.2.3',
    state: 'ok',
    uptime: 4000,
    endpoint: 'http://localhost:4298/mcp',
    configPath: '/home/dev/config.json',
    revision: 'r1',
    configProblems: [],
    dataDir: '/home/dev/data',
    sessions: 3,
    counts: { streams: 2, tasks: 40 },
    findings: null,
    approvals: 0,
    notices: [],
    servers: [server('demo')],
    clashes: [],
    ...parts,
  };
}

export function pulse(at: number, servers: Record<string, Partial<ServerPulse>>): Pulse {
  const whole = Object.entries(servers).map(([name, parts]) => [
    name,
    { active: 0, total: 1, waiting: 0, calls: 0, memory: null, cpu: null, ...parts },
  ]);
  return { at, uptime: 4000, sessions: 3, servers: Object.fromEntries(whole) };
}

/** What a gateway says on each path: a JSON value, a status with a body, an open stream, or nobody there. */
export type Answers = Record<string, unknown | Response | Error | EventStream>;

/** An answer of server-sent events that the test writes. */
export class EventStream {
  #controllers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  /** How often it was asked for. */
  opened = 0;

  response(signal?: AbortSignal | null): Response {
    this.opened += 1;
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#controllers.add(controller);
      },
      cancel: () => void this.#controllers.delete(own),
    });
    signal?.addEventListener('abort', () => this.#controllers.delete(own));
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  /** How many listen now. */
  get listeners(): number {
    return this.#controllers.size;
  }

  send(event: string, data: unknown): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  write(text: string): void {
    for (const controller of this.#controllers) controller.enqueue(new TextEncoder().encode(text));
  }

  /** As a gateway that stops. */
  end(): void {
    for (const controller of this.#controllers) controller.close();
    this.#controllers.clear();
  }
}

/** Puts `answers` behind `fetch`. They may be changed while the page runs. */
export function serve(answers: Answers) {
  const fetch = vi.fn((url: URL, init?: RequestInit) => {
    const answer = answers[`${init?.method} ${url.pathname}`] ?? answers[url.pathname];
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer instanceof EventStream) return Promise.resolve(answer.response(init?.signal));
    return Promise.resolve(answer instanceof Response ? answer.clone() : Response.json(answer));
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}
