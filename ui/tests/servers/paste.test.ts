import { describe, expect, test } from 'vitest';
import { readPaste } from '../../src/views/servers/paste';
import type { PastedServer } from '../../src/views/servers/pasted';

/** The one server that a text describes. */
function only(text: string): PastedServer {
  const pasted = readPaste(text);
  if ('server' in pasted) return pasted.server;
  if (pasted.kind === 'snippet' && pasted.servers.length === 1) return pasted.servers[0]!;
  throw new Error(`read as ${JSON.stringify(pasted)}`);
}

describe('a command line', () => {
  test('is taken apart and suggests a name', () => {
    const server = only('npx -y @modelcontextprotocol/server-filesystem "/My Documents"');
    expect(server.kind).toBe('local');
    expect(server.command).toEqual([
      'npx',
      '-y',
      '@modelcontextprotocol/server-filesystem',
      '/My Documents',
    ]);
    expect(server.name).toBe('filesystem');
  });

  test('may begin with variables, a prompt, or both', () => {
    const server = only("$ API_KEY=abc HOST='a b' uvx mcp-searxng");
    expect(server.env).toEqual([
      { name: 'API_KEY', value: 'abc' },
      { name: 'HOST', value: 'a b' },
    ]);
    expect(server.command).toEqual(['uvx', 'mcp-searxng']);
    expect(only('env A=1 node x.js').env).toEqual([{ name: 'A', value: '1' }]);
  });

  test('of variables alone is a command that is still being typed', () => {
    expect(only('API_KEY=abc').command).toEqual(['API_KEY=abc']);
    expect(only('env').command).toEqual(['env']);
  });

  test('with an open quote says so', () => {
    expect(readPaste('npx "a b')).toMatchObject({ kind: 'command', open: true });
    expect(readPaste('npx a')).toMatchObject({ kind: 'command', open: false });
  });

  test('of several lines goes on behind a backslash', () => {
    expect(only('docker run -i --rm \\\n  mcp/github').command).toEqual([
      'docker',
      'run',
      '-i',
      '--rm',
      'mcp/github',
    ]);
  });
});

test('an address alone is a remote server', () => {
  expect(only(' https://mcp.notion.com/mcp \n')).toMatchObject({
    kind: 'remote',
    url: 'https://mcp.notion.com/mcp',
    name: 'notion',
    command: [],
  });
});

test('nothing is nothing', () => {
  expect(readPaste(' \n ')).toEqual({ kind: 'empty' });
});

describe('a snippet', () => {
  const memory = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] };
  const command = ['npx', '-y', '@modelcontextprotocol/server-memory'];

  test.each([
    ['mcpServers', { mcpServers: { memory } }],
    ['servers', { servers: { memory } }],
    ['mcp of VS Code', { mcp: { inputs: [], servers: { memory } } }],
    ['mcp of OpenCode', { mcp: { memory: { type: 'local', command } } }],
    ['context_servers', { context_servers: { memory: { source: 'custom', ...memory } } }],
    [
      'nested command',
      { context_servers: { memory: { command: { path: 'npx', args: memory.args } } } },
    ],
    ['this gateway’s own', { servers: [{ name: 'memory', command }] }],
    ['a map alone', { memory }],
    ['one server alone', memory],
    ['one server in a list', [{ name: 'memory', ...memory }]],
    ['a whole line as command', { memory: { command: command.join(' ') } }],
  ])('%s', (_, json) => {
    expect(only(JSON.stringify(json, null, 2))).toMatchObject({
      name: 'memory',
      kind: 'local',
      command,
    });
  });

  test('brings variables, folder and what this gateway knows', () => {
    const server = only(`{
      "mcpServers": {
        "files": {
          "command": "uvx", "args": ["mcp-server-git", 3],
          "env": { "TOKEN": "abc", "PORT": 80, "DEBUG": true, "NONE": null, "LIST": [] },
          "cwd": "/srv", "callTimeout": 1000, "poolSize": 2, "sharing": "session",
          "description": "Git", "disabled": true, "autoApprove": []
        }
      }
    }`);
    expect(server).toEqual({
      name: 'files',
      kind: 'local',
      command: ['uvx', 'mcp-server-git', '3'],
      url: '',
      env: [
        { name: 'TOKEN', value: 'abc' },
        { name: 'PORT', value: '80' },
        { name: 'DEBUG', value: 'true' },
        { name: 'NONE', value: '' },
      ],
      headers: [],
      cwd: '/srv',
      callTimeout: 1000,
      poolSize: 2,
      sharing: 'session',
      description: 'Git',
      enabled: false,
    });
  });

  test.each(['url', 'serverUrl', 'httpUrl'])('a remote server by its %s, with headers', (key) => {
    const json = { gh: { [key]: 'https://x.io/mcp', headers: { Authorization: 'Bearer x' } } };
    expect(only(JSON.stringify({ mcpServers: json }))).toMatchObject({
      name: 'gh',
      kind: 'remote',
      url: 'https://x.io/mcp',
      headers: [{ name: 'Authorization', value: 'Bearer x' }],
    });
  });

  test('a bare address', () => {
    expect(only('{"url": "https://gitmcp.io/docs"}').name).toBe('gitmcp');
  });

  test('may have comments, commas too many, a fence, or no braces around it', () => {
    const inner = '"memory": { // remembers\n "command": "npx", /* so */ "args": ["-y", "m",], }';
    for (const text of [
      `{${inner}}`,
      inner,
      `${inner},`,
      `"mcpServers": {${inner}}`,
      '```json\n{' + inner + '}\n```',
    ]) {
      expect(only(text), text).toMatchObject({ name: 'memory', command: ['npx', '-y', 'm'] });
    }
  });

  test('what VS Code asks for is left empty', () => {
    const server = only('{"servers": {"x": {"command": "x", "env": {"KEY": "${input:key}"}}}}');
    expect(server.env).toEqual([{ name: 'KEY', value: '' }]);
  });

  test('a program in a folder with spaces is one program', () => {
    expect(only('{"x": {"command": "C:\\\\Program Files\\\\x.exe"}}').command).toEqual([
      'C:\\Program Files\\x.exe',
    ]);
    expect(only('{"x": {"command": "/opt/my app/x"}}').command).toEqual(['/opt/my app/x']);
  });

  test('of several servers lists them all', () => {
    const pasted = readPaste('{"mcpServers": {"a": {"command": "x"}, "b": {"url": "http://h/"}}}');
    expect(pasted.kind === 'snippet' && pasted.servers.map((server) => server.name)).toEqual([
      'a',
      'b',
    ]);
  });

  test('that is cut short or has no server says so', () => {
    expect(readPaste('{"mcpServers": {"a": {')).toEqual({ kind: 'brokenJson' });
    expect(readPaste('{"a": 1}')).toEqual({ kind: 'noServer' });
    expect(readPaste('{"mcpServers": {}}')).toEqual({ kind: 'noServer' });
    expect(readPaste('{"command": {}}')).toEqual({ kind: 'noServer' });
    expect(readPaste('['.repeat(10_000))).toEqual({ kind: 'brokenJson' });
  });
});

describe('the command of a client', () => {
  test('claude mcp add, local', () => {
    const server = only('claude mcp add github -s user -e TOKEN=abc -- npx -y gh-server -e own');
    expect(server).toMatchObject({
      name: 'github',
      kind: 'local',
      command: ['npx', '-y', 'gh-server', '-e', 'own'],
      env: [{ name: 'TOKEN', value: 'abc' }],
    });
    expect(only('claude mcp add files npx -y files-server').command).toEqual([
      'npx',
      '-y',
      'files-server',
    ]);
  });

  test('claude mcp add, remote, options anywhere', () => {
    const text =
      'claude mcp add --transport http sentry https://mcp.sentry.dev/mcp --header "Authorization: Bearer x"';
    expect(only(text)).toMatchObject({
      name: 'sentry',
      kind: 'remote',
      url: 'https://mcp.sentry.dev/mcp',
      headers: [{ name: 'Authorization', value: 'Bearer x' }],
    });
    expect(only('codex mcp add figma --url=https://mcp.figma.com/mcp')).toMatchObject({
      name: 'figma',
      url: 'https://mcp.figma.com/mcp',
    });
  });

  test('codex mcp add with glued options', () => {
    expect(only('codex mcp add ctx --env=A=b=c -- npx ctx')).toMatchObject({
      name: 'ctx',
      command: ['npx', 'ctx'],
      env: [{ name: 'A', value: 'b=c' }],
    });
  });

  test('add-json and --add-mcp', () => {
    expect(
      only(`claude mcp add-json wx '{"type":"stdio","command":"wx","args":["-v"]}'`),
    ).toMatchObject({ name: 'wx', command: ['wx', '-v'] });
    expect(
      only(`code --add-mcp '{"name":"pw","command":"npx","args":["pw@latest"]}'`),
    ).toMatchObject({
      name: 'pw',
      command: ['npx', 'pw@latest'],
    });
  });

  test('that names no server says so', () => {
    expect(readPaste('claude mcp add github')).toEqual({ kind: 'noServer' });
    expect(readPaste('claude mcp list')).toMatchObject({ kind: 'command' });
  });
});
