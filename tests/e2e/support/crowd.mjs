/**
 * A stand-in for a gateway with very many servers, which would be too heavy to run: the real
 * page, and a real gateway's answers multiplied. Everything in its pulses changes every second.
 */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = new URL('../../../ui/dist/', import.meta.url);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const PULSE_MS = 1000;
/** Every so many pulses a server changes its state, which is a whole new status. */
const STATUS_EVERY = 3;

/**
 * Serves `count` servers and, on the page of each, `toolCount` tools. `status` and `tool` are
 * a real gateway's, `history` what each server answers. Resolves to its `door` and `close`.
 */
export async function startCrowd({ status, tool, count, toolCount, history }) {
  const servers = Array.from({ length: count }, (_, n) =>
    multiplied(status.servers[0], n, count, toolCount),
  );
  const tools = Array.from({ length: toolCount }, (_, n) => ({
    ...tool,
    own: `tool-${n}`,
    exposed: `server_tool-${n}`,
    description: `Does the work number ${n} and says what came of it`,
  }));
  let beat = 0;
  const statusNow = () => ({
    ...status,
    servers: servers.map((server, n) =>
      n === beat % count ? { ...server, state: 'starting', tools: 0 } : server,
    ),
  });
  const json = (response, body) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(body));
  };
  const events = (response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    const send = (event, data) =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    send('status', statusNow());
    const timer = setInterval(() => {
      beat += 1;
      if (beat % STATUS_EVERY === 0) send('status', statusNow());
      send('pulse', pulse(servers, beat));
    }, PULSE_MS);
    response.on('close', () => clearInterval(timer));
  };
  const page = async (path, response) => {
    const file = path === '/ui/' ? 'index.html' : path.slice('/ui/'.length);
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.end(await readFile(fileURLToPath(new URL(file, DIST))));
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const answer = async () => {
      if (pathname.startsWith('/ui/')) return page(pathname, response);
      if (pathname === '/api/events') return events(response);
      if (pathname === '/api/status') return json(response, statusNow());
      if (pathname.endsWith('/tools')) return json(response, { tools });
      if (pathname.endsWith('/history')) return json(response, history);
      response.statusCode = 404;
      return json(response, NOT_HERE);
    };
    answer().catch((error) => response.destroy(error));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    door: `http://127.0.0.1:${server.address().port}/ui/#token=any`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const NOT_HERE = {
  error: 'not here',
  code: 'notFound',
  message: { en: 'not here', zh: '不在此处' },
  remedy: null,
  fields: [],
  current: null,
  revision: null,
};

function multiplied(server, n, count, toolCount) {
  const each = Math.round(toolCount / count);
  return {
    ...server,
    name: `server-${String(n).padStart(3, '0')}`,
    tools: each,
    offered: each,
    pool: { ...server.pool, max: 4 },
    description: n % 3 === 0 ? `What the team uses for purpose ${n}` : null,
    error: n % 10 === 9 ? FAULT : null,
    state: n % 10 === 9 ? 'failing' : 'ready',
  };
}

const FAULT = {
  message: { en: 'The server closed its output', zh: '服务器关闭了输出' },
  remedy: { en: 'See the last lines it printed', zh: '请查看它最后的输出' },
  lastLines: Array.from({ length: 12 }, (_, n) => `line ${n} of what it printed last`),
};

function pulse(servers, beat) {
  const one = (n) => ({
    active: (n + beat) % 4,
    total: 1 + ((n + beat) % 4),
    waiting: (n * beat) % 3,
    calls: (n * 7 + beat * 13) % 50,
  });
  return {
    at: Date.now(),
    uptime: beat,
    sessions: beat % 5,
    servers: Object.fromEntries(servers.map(({ name }, n) => [name, one(n)])),
  };
}
