/**
 * A gateway as people have it, for pictures and for looking at every screen: real servers under
 * the names and commands of their READMEs, one of them switched off, one that cannot start.
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { fake, local, official } from './servers.mjs';
import { freePort } from './surroundings.mjs';

/** What its author wrote about the server `search`. */
const SEARCH = ['mcp-searxng 0.9.2', 'Error: SEARXNG_URL is not set', 'See README.md'];

/**
 * Prepares the surroundings and gives the configuration as text, with the remarks of whoever
 * wrote it. `faulty`: the server that cannot start is in it. It names a port: start the gateway
 * with none.
 */
export async function showcase(own) {
  const remote = await startRemote(own);
  const port = await freePort();
  offerNpx(own);
  mkdirSync(own.path('home/projects'));
  const npx = (name, ...args) => ['npx', '-y', name, ...args];
  const memory = local('memory', npx('@modelcontextprotocol/server-memory'), {
    description: 'What the team should not forget',
  });
  const files = local(
    'files',
    npx('@modelcontextprotocol/server-filesystem', own.path('home/projects')),
    { poolSize: 4 },
  );
  const everything = local('everything', npx('@modelcontextprotocol/server-everything'), {
    poolSize: 3,
  });
  const docs = { name: 'docs', type: 'remote', url: `http://127.0.0.1:${remote}/mcp` };
  const search = local('search', npx('mcp-searxng'));
  const web = local('web', npx('@playwright/mcp'), { enabled: false });
  return {
    /** Not what a picture should show, and what it should show instead. */
    instead: [[`http://127.0.0.1:${remote}`, 'https://docs.example.com']],
    healthy: written(port, [memory, files, everything, docs, web]),
    faulty: written(port, [memory, files, everything, docs, search, web]),
  };
}

/**
 * A busy server's last ten minutes, the same every time: what `/history` answers with, ending
 * at `now`.
 */
export function busyHistory(now, most) {
  const samples = Array.from({ length: 600 }, (_, second) => {
    const wave = Math.sin(second / 47) + Math.sin(second / 13) / 2 + Math.sin(second / 5) / 4;
    const calls = Math.max(0, Math.round((wave + 0.6) * most * 2));
    const active = Math.min(most, Math.ceil(calls / 3));
    const total = Math.max(1, Math.min(most, Math.round((wave + 1.4) * (most / 2))));
    const waiting = Math.max(0, Math.floor(calls / 3) - most);
    const memory = (70 + 12 * total + Math.round(4 * Math.sin(second / 90))) << 20;
    const cpu = Math.round((2 + 9 * calls + 3 * (wave + 1.75)) * 10) / 10;
    const at = now - (599 - second) * 1000;
    return [at, Math.min(active, total), total, waiting, calls, memory, cpu];
  });
  return { step: 1000, samples };
}

function written(port, servers) {
  const entries = servers.map((server) => `    ${JSON.stringify(server)},`);
  return `{\n  // The team’s servers.\n  "gateway": { "port": ${port} },\n  "servers": [\n${entries.join('\n')}\n  ]\n}\n`;
}

/** An `npx` that has the official servers at hand, and nothing else. */
function offerNpx(own) {
  mkdirSync(own.path('bin'));
  const cases = ['memory', 'filesystem', 'everything'].map((name) => {
    const [, script] = official(name);
    return `*server-${name}) shift 2; exec '${process.execPath}' '${script}' "$@";;`;
  });
  const search = SEARCH.map((line) => `echo '${line}' >&2;`).join(' ');
  const script = `#!/bin/sh\ncase "$2" in\n${cases.join('\n')}\n*) ${search} exit 1;;\nesac\n`;
  writeFileSync(own.path('bin/npx'), script);
  chmodSync(own.path('bin/npx'), 0o755);
  own.env.PATH = `${own.path('bin')}:${own.env.PATH}`;
}

async function startRemote(own) {
  const port = await freePort();
  const tool = (name, description) => ({
    name,
    definition: { name, description, inputSchema: { type: 'object' } },
  });
  const [program, script] = fake(own, 'docs', {
    tools: [
      tool('search_docs', 'Search the documentation of all products'),
      tool('read_page', 'Read one page as Markdown'),
    ],
  });
  own.start(program, [script, '--http', String(port)]);
  return port;
}
