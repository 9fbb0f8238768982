import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Feed, REFRESH_MS } from '../src/state/feed.svelte';
import { serve, server, status, tools, type Answers } from './fixtures';

const gone = new TypeError('Failed to fetch');
let answers: Answers;
let fetch: ReturnType<typeof serve>;
let feed: Feed;
let stop: () => void;

/** How often `path` was asked. */
const asked = (path: string) => fetch.mock.calls.filter(([url]) => url.pathname === path).length;
const rounds = (n: number) => vi.advanceTimersByTimeAsync(n * REFRESH_MS);

function hide(hidden: boolean) {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = { '/api/status': status(), '/tools': { tools } };
  fetch = serve(answers);
  feed = new Feed();
  stop = feed.start();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('it asks at once and then every two seconds', async () => {
  await rounds(0);
  expect(feed.status).toEqual(status());
  expect(feed.tools).toEqual({ kind: 'tools', tools });
  await rounds(3);
  expect(asked('/api/status')).toBe(4);
});

test('a gateway that goes away leaves the last state and the problem; its return clears it', async () => {
  await rounds(1);
  answers['/api/status'] = gone;
  await rounds(1);
  expect(feed.problem).toEqual({ kind: 'unreachable' });
  expect(feed.status).toEqual(status());
  answers['/api/status'] = status({ uptime: 1 });
  await rounds(1);
  expect(feed.problem).toBeNull();
  expect(feed.status?.uptime).toBe(1);
});

test('tools that cannot be read do not hide the state', async () => {
  answers['/tools'] = Response.json({ error: 'boom' }, { status: 500 });
  await rounds(1);
  expect(feed.problem).toBeNull();
  expect(feed.tools).toBeNull();
  expect(feed.toolsProblem).toEqual({ kind: 'unreadable', status: 500 });
});

test('the tools are asked for again when a server’s state or count changes, else seldom', async () => {
  await rounds(4);
  expect(asked('/tools')).toBe(1);
  answers['/api/status'] = status({ servers: [server('demo', { tools: 3 })] });
  await rounds(1);
  expect(asked('/tools')).toBe(2);
  await rounds(10);
  expect(asked('/tools')).toBe(3);
});

test('while servers start, the tools are asked for every time', async () => {
  answers['/tools'] = Response.json({ error: 'starting' }, { status: 503 });
  await rounds(3);
  expect(feed.tools).toEqual({ kind: 'starting' });
  expect(asked('/tools')).toBe(4);
});

test('nothing is asked while nobody looks, and at once when somebody does again', async () => {
  await rounds(0);
  hide(true);
  await rounds(5);
  expect(asked('/api/status')).toBe(1);
  hide(false);
  await rounds(0);
  expect(asked('/api/status')).toBe(2);
});

test('a stopped feed is silent', async () => {
  await rounds(0);
  stop();
  await rounds(5);
  expect(asked('/api/status')).toBe(1);
});
