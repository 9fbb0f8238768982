import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStatus, readTools } from '../src/api/gateway';
import { takeTokenFromAddress } from '../src/api/token';
import { RequestError } from '../src/api/transport';
import { serve, status, tools } from './fixtures';

/** The problem that `reading` ends with. */
async function problemOf(reading: Promise<unknown>) {
  const error: unknown = await reading.then(
    () => new Error('was read'),
    (error: unknown) => error,
  );
  if (error instanceof RequestError) return error.problem;
  throw error;
}

describe('in a browser', () => {
  beforeEach(() => {
    sessionStorage.clear();
    location.href = 'http://localhost:4298/ui/#token=s3cret';
    takeTokenFromAddress();
  });

  test('the token leaves the address and stays with the tab', () => {
    expect(location.href).toBe('http://localhost:4298/ui/');
    expect(sessionStorage.getItem('mcp-gateway.token')).toBe('s3cret');
    expect(takeTokenFromAddress()).toBe(false);
    expect(sessionStorage.getItem('mcp-gateway.token')).toBe('s3cret');
  });

  test('requests go to the gateway above the page and carry the token', async () => {
    const fetch = serve({ '/api/status': status() });
    expect(await readStatus()).toEqual(status());
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url?.href).toBe('http://localhost:4298/api/status');
    expect(new Headers(init?.headers).get('Authorization')).toBe('Bearer s3cret');
  });

  test('nothing is sent without a token', async () => {
    sessionStorage.clear();
    const fetch = serve({ '/api/status': status() });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unauthorized' });
    expect(fetch).not.toHaveBeenCalled();
  });

  test('a refused token, a silent gateway and a stranger on the port are told apart', async () => {
    serve({ '/api/status': Response.json({ error: 'no' }, { status: 401 }) });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unauthorized' });
    serve({ '/api/status': new TypeError('Failed to fetch') });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unreachable' });
    serve({ '/api/status': new Response('<h1>It works</h1>') });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unreadable', status: 200 });
    serve({ '/api/status': { something: 'else' } });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unreadable', status: 200 });
  });

  test('servers that are still starting are not an empty list of tools', async () => {
    serve({ '/tools': Response.json({ error: 'starting' }, { status: 503 }) });
    expect(await readTools()).toEqual({ kind: 'starting' });
    serve({ '/tools': { tools } });
    expect(await readTools()).toEqual({ kind: 'tools', tools });
    serve({ '/tools': Response.json({ error: 'boom' }, { status: 500 }) });
    expect(await problemOf(readTools())).toEqual({ kind: 'unreadable', status: 500 });
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
    expect(await problemOf(readStatus())).toEqual({ kind: 'failed', cause });
  });

  test('a core that does not answer is unreachable', async () => {
    mockIPC(() => {
      throw new Error('the core is gone');
    });
    expect(await problemOf(readStatus())).toEqual({ kind: 'unreachable' });
  });
});
