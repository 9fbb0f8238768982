import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Feed, FIRST_RETRY_MS, LAST_RETRY_MS, SILENCE_MS } from '../src/state/feed.svelte';
import { EventStream, pulse, serve, server, status, type Answers } from './fixtures';

const gone = new TypeError('Failed to fetch');
let answers: Answers;
let events: EventStream;
let fetch: ReturnType<typeof serve>;
let feed: Feed;
let stop: () => void;

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const soon = () => pass(1);

async function tell(event: string, data: unknown) {
  events.send(event, data);
  await soon();
}

beforeEach(async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  sessionStorage.setItem('mcp-gateway.token', 't');
  events = new EventStream();
  answers = { '/api/events': events };
  fetch = serve(answers);
  feed = new Feed();
  stop = feed.start();
  await soon();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('the status is what the gateway said last', async () => {
  await tell('status', status());
  expect(feed.status).toEqual(status());
  await tell('status', status({ state: 'degraded' }));
  expect(feed.status?.state).toBe('degraded');
});

test('a pulse moves the numbers and leaves the status alone', async () => {
  await tell('status', status());
  const before = feed.status;
  await tell('pulse', pulse(5000, { demo: { active: 2, total: 3 } }));
  expect(feed.status).toBe(before);
  expect(feed.pool(server('demo'))).toEqual({ total: 3, active: 2, idle: 1, max: 1, waiting: 0 });
});

test('a pulse with the same numbers is the same object to whoever draws it', async () => {
  await tell('status', status());
  await tell('pulse', pulse(5000, { demo: { active: 1 } }));
  const before = feed.live('demo');
  await tell('pulse', pulse(6000, { demo: { active: 1 } }));
  expect(feed.live('demo')).toBe(before);
  expect(feed.pulse?.at).toBe(6000);
});

test('the last minutes are kept for the servers that are there, and for no others', async () => {
  await tell('status', status({ servers: [server('a'), server('b')] }));
  await tell('pulse', pulse(5000, { a: { calls: 7 }, b: {}, stranger: {} }));
  expect(feed.ring('a')?.samples()).toEqual([[5000, 0, 1, 0, 7, null, null]]);
  expect(feed.ring('stranger')).toBeNull();
  await tell('status', status({ servers: [server('a')] }));
  expect(feed.ring('a')?.length).toBe(1);
  expect(feed.ring('b')).toBeNull();
});

test('a stream that ends and opens again at once is no outage', async () => {
  await tell('status', status());
  events.end();
  await soon();
  expect(feed.outage).toBeNull();
  await pass(FIRST_RETRY_MS);
  await tell('status', status({ uptime: 1 }));
  expect(feed.outage).toBeNull();
  expect(feed.status?.uptime).toBe(1);
});

test('a gateway that goes away leaves the last state and the reason; its return clears it', async () => {
  await tell('status', status());
  answers['/api/events'] = gone;
  events.end();
  await pass(FIRST_RETRY_MS * 2);
  expect(feed.outage).toEqual({ kind: 'unreachable' });
  expect(feed.status).toEqual(status());
  expect(feed.heardAt?.getTime()).toBeLessThan(Date.now());
  answers['/api/events'] = events;
  await pass(LAST_RETRY_MS);
  await tell('status', status({ uptime: 1 }));
  expect(feed.outage).toBeNull();
});

test('it asks less and less often, but never gives up', async () => {
  answers['/api/events'] = gone;
  events.end();
  await pass(60_000);
  const asked = fetch.mock.calls.length;
  expect(asked).toBeLessThan(25);
  await pass(LAST_RETRY_MS);
  expect(fetch.mock.calls.length).toBe(asked + 1);
});

test('a page that was never told anything says so at once', async () => {
  stop();
  answers['/api/events'] = gone;
  feed = new Feed();
  stop = feed.start();
  await soon();
  expect(feed.outage).toEqual({ kind: 'unreachable' });
  expect(feed.status).toBeNull();
});

test('a stream that falls silent is broken, whatever it says', async () => {
  await tell('status', status());
  answers['/api/events'] = gone;
  await pass(SILENCE_MS + SILENCE_MS / 4 + FIRST_RETRY_MS * 2);
  expect(feed.outage).toEqual({ kind: 'unreachable' });
  expect(events.listeners).toBe(0);
});

test('a token that is refused is told as such', async () => {
  answers['/api/events'] = Response.json({ error: 'no' }, { status: 401 });
  events.end();
  await pass(FIRST_RETRY_MS * 2);
  expect(feed.outage).toEqual({ kind: 'unauthorized' });
});

test('a reader who comes back need not wait for the next try', async () => {
  answers['/api/events'] = gone;
  events.end();
  await pass(60_000);
  const asked = fetch.mock.calls.length;
  document.dispatchEvent(new Event('visibilitychange'));
  expect(fetch.mock.calls.length).toBe(asked + 1);
});

test('a stopped feed is silent', async () => {
  stop();
  expect(events.listeners).toBe(0);
  const asked = fetch.mock.calls.length;
  await pass(60_000);
  expect(fetch.mock.calls.length).toBe(asked);
});
