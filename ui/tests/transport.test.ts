import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readStatus, redeemCode, saveServer } from '../src/api/gateway';
import { keepToken, takeFromAddress } from '../src/api/token';
import { OutageError, RefusedError, stream, type StreamEvent } from '../src/api/transport';
import type { Problem, ServerForm } from '../src/api/types';
import { EventStream, serve, status } from './fixtures';

const conflict: Problem = {
  error: 'the file was changed',
  code: 'conflict',
  message: { en: 'The file was changed.', zh: '文件已被修改。' },
  remedy: null,
  fields: [],
  current: null,
  revision: 'r2',
};

/** The error that `asking` ends with. */
async function errorOf(asking: Promise<unknown>): Promise<unknown> {
  return asking.then(
    () => new Error('was answered'),
    (error: unknown) => error,
  );
}

async function outageOf(asking: Promise<unknown>) {
  const error = await errorOf(asking);
  if (error instanceof OutageError) return error.outage;
  throw error;
}

/** A stream and what it told. */
function listen(path = '/api/events', body: unknown = null) {
  const events: StreamEvent[] = [];
  const ends: unknown[] = [];
  const stop = stream(body === null ? 'GET' : 'POST', path, body, (event) => events.push(event), {
    end: (error) => ends.push(error),
  });
  return { events, ends, stop };
}

describe('in a browser', () => {
  beforeEach(() => {
    sessionStorage.clear();
    location.href = 'http://localhost:4298/ui/';
    keepToken('s3cret');
  });

  test('a token or a code leaves the address', () => {
    location.href = 'http://localhost:4298/ui/#token=abc';
    expect(takeFromAddress()).toEqual({ token: 'abc' });
    expect(location.href).toBe('http://localhost:4298/ui/');
    location.href = 'http://localhost:4298/ui/#code=once';
    expect(takeFromAddress()).toEqual({ code: 'once' });
    expect(location.href).toBe('http://localhost:4298/ui/');
    location.href = 'http://localhost:4298/ui/#token=abc&go=/settings';
    expect(takeFromAddress()).toEqual({ token: 'abc' });
    expect(location.href).toBe('http://localhost:4298/ui/#/settings');
    location.href = 'http://localhost:4298/ui/#/servers/files';
    expect(takeFromAddress()).toBeNull();
    expect(location.hash).toBe('#/servers/files');
  });

  test('requests go to the gateway above the page and carry the token', async () => {
    const fetch = serve({ '/api/status': status() });
    expect(await readStatus()).toEqual(status());
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url?.href).toBe('http://localhost:4298/api/status');
    expect(new Headers(init?.headers).get('Authorization')).toBe('Bearer s3cret');
  });

  test('nothing is sent without a token, but for a code that is worth one', async () => {
    sessionStorage.clear();
    const fetch = serve({ '/api/status': status(), '/api/codes/redeem': { token: 'new' } });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unauthorized' });
    expect(fetch).not.toHaveBeenCalled();
    expect(await redeemCode('once')).toBe('new');
    expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"code":"once"}');
  });

  test('a refused token, a silent gateway and a stranger on the port are told apart', async () => {
    serve({ '/api/status': Response.json({ error: 'no' }, { status: 401 }) });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unauthorized' });
    serve({ '/api/status': new TypeError('Failed to fetch') });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unreachable' });
    serve({ '/api/status': new Response('<h1>It works</h1>') });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unreadable', status: 200 });
    serve({ '/api/status': { something: 'else' } });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unreadable', status: 200 });
    serve({ '/api/status': Response.json({ error: 'boom' }, { status: 500 }) });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unreadable', status: 500 });
  });

  test('the gateway’s own no arrives whole', async () => {
    const fetch = serve({ '/api/servers/a%2Fb': Response.json(conflict, { status: 409 }) });
    const error = await errorOf(saveServer('a/b', 'r1', { name: 'c' } as ServerForm));
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as RefusedError).problem).toEqual(conflict);
    expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"revision":"r1","form":{"name":"c"}}');
  });

  test('a stream hands on its events, however they are cut, and says when it ends', async () => {
    const source = new EventStream();
    serve({ '/api/events': source });
    const heard = listen();
    await vi.waitFor(() => expect(source.listeners).toBe(1));
    source.write('event: pulse\nda');
    source.write('ta: {"at":1}\n\n: still here\n\n');
    await vi.waitFor(() => expect(heard.events).toEqual([{ event: 'pulse', data: { at: 1 } }]));
    source.end();
    await vi.waitFor(() => expect(heard.ends).toEqual([null]));
  });

  test('a stream that is stopped says nothing any more', async () => {
    const source = new EventStream();
    serve({ '/api/events': source });
    const heard = listen();
    await vi.waitFor(() => expect(source.listeners).toBe(1));
    heard.stop();
    expect(source.listeners).toBe(0);
    await new Promise((done) => setTimeout(done));
    expect(heard).toMatchObject({ events: [], ends: [] });
  });

  test('a stream that is refused, unreadable or never opened says why', async () => {
    serve({
      '/api/test': Response.json({ ...conflict, code: 'invalid' }, { status: 422 }),
      '/api/events': new TypeError('Failed to fetch'),
      '/api/servers/x/log': new Response('data: no json\n\n'),
    });
    const [test, events, log] = [listen('/api/test', {}), listen(), listen('/api/servers/x/log')];
    await vi.waitFor(() =>
      expect([test, events, log].map(({ ends }) => ends.length)).toEqual([1, 1, 1]),
    );
    expect((test.ends[0] as RefusedError).problem.code).toBe('invalid');
    expect((events.ends[0] as OutageError).outage).toEqual({ kind: 'unreachable' });
    expect((log.ends[0] as OutageError).outage).toEqual({ kind: 'unreadable', status: 200 });
    sessionStorage.clear();
    const locked = listen();
    await vi.waitFor(() => expect(locked.ends).toHaveLength(1));
    expect((locked.ends[0] as OutageError).outage).toEqual({ kind: 'unauthorized' });
  });
});

describe('in the window', () => {
  beforeEach(() => {
    sessionStorage.clear();
    Object.assign(globalThis, { isTauri: true });
  });

  afterEach(() => {
    clearMocks();
    Reflect.deleteProperty(globalThis, 'isTauri');
  });

  test('requests go through the command of the shell and need no token', async () => {
    const asked: unknown[] = [];
    mockIPC((command, args) => {
      asked.push([command, args]);
      return { status: 200, body: JSON.stringify(status()) };
    });
    expect(await readStatus()).toEqual(status());
    expect(asked).toEqual([['api', { method: 'GET', path: '/api/status', body: null }]]);
  });

  test('a gateway that could not start says why', async () => {
    const cause = { en: 'Port 4298 is taken.', zh: '端口 4298 已被占用。' };
    mockIPC(() => ({ status: 503, body: JSON.stringify({ failure: cause }) }));
    expect(await outageOf(readStatus())).toEqual({ kind: 'failed', cause });
  });

  test('a gateway that waits says what for', async () => {
    const what = { en: 'Waiting for a gateway', zh: '正在等待一个网关' };
    mockIPC(() => ({ status: 503, body: JSON.stringify({ waiting: what }) }));
    expect(await outageOf(readStatus())).toEqual({ kind: 'waiting', what });
  });

  test('a core that does not answer is unreachable', async () => {
    mockIPC(() => {
      throw new Error('the core is gone');
    });
    expect(await outageOf(readStatus())).toEqual({ kind: 'unreachable' });
  });

  /** A shell whose streams say what `messages` has. */
  function shell(...messages: object[]) {
    const asked: [string, unknown][] = [];
    mockIPC((command, args) => {
      const { channel, ...plain } = args as { channel: { id: number }; id: number };
      asked.push([command, plain]);
      if (command === 'stream') {
        const run = (message: object) =>
          (
            globalThis as never as {
              __TAURI_INTERNALS__: { runCallback(id: number, data: unknown): void };
            }
          ).__TAURI_INTERNALS__.runCallback(channel.id, message);
        messages.forEach((message, index) => run({ index, message }));
      }
    });
    return asked;
  }

  test('a stream comes through a channel and is stopped by its number', async () => {
    const asked = shell(
      { kind: 'head', status: 200 },
      { kind: 'chunk', text: 'event: pulse\ndata: {"at":1}\n\n' },
    );
    const heard = listen();
    await vi.waitFor(() => expect(heard.events).toEqual([{ event: 'pulse', data: { at: 1 } }]));
    heard.stop();
    const { id } = asked[0]?.[1] as { id: number };
    expect(asked).toEqual([
      ['stream', { id, method: 'GET', path: '/api/events', body: null }],
      ['stop_stream', { id }],
    ]);
    expect(heard.ends).toEqual([]);
  });

  test('a stream that ends before it began was never answered', async () => {
    shell({ kind: 'end' });
    const heard = listen();
    await vi.waitFor(() => expect(heard.ends).toHaveLength(1));
    expect((heard.ends[0] as OutageError).outage).toEqual({ kind: 'unreachable' });
  });

  test('a stream of a gateway that could not start says why', async () => {
    const cause = { en: 'no', zh: '不' };
    shell(
      { kind: 'head', status: 503 },
      { kind: 'chunk', text: JSON.stringify({ failure: cause }) },
      { kind: 'end' },
    );
    const heard = listen();
    await vi.waitFor(() => expect(heard.ends).toHaveLength(1));
    expect((heard.ends[0] as OutageError).outage).toEqual({ kind: 'failed', cause });
  });
});
