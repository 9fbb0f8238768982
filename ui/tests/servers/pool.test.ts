import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Sample } from '../../src/api/types';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { Ring } from '../../src/state/ring';
import { plotData, summaryOf } from '../../src/views/servers/poolData';
import PoolTab from '../../src/views/servers/PoolTab.svelte';
import { EventStream, pulse, serve, server, status, type Answers } from '../fixtures';

// There is no canvas here; what is drawn is in the numbers.
vi.mock('uplot', () => ({ default: class {} }));

const samples: Sample[] = [
  [1_000, 0, 1, 0, 0, null, null],
  [2_000, 2, 2, 1, 3, 84 << 20, 12.5],
  [3_000, 1, 2, 0, 4, 80 << 20, 0.3],
  // The page was away for a while.
  [63_000, 0, 1, 0, 0, 81 << 20, 0],
];
const columns = () => {
  const ring = new Ring();
  for (const sample of samples) ring.push(sample);
  return ring.columns();
};
let answers: Answers;
let stop: () => void;
let events: EventStream;

beforeEach(async () => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  events = new EventStream();
  answers = { '/api/events': events, '/api/servers/files/history': { step: 1000, samples } };
  serve(answers);
  stop = feed.start();
  await vi.waitFor(() => expect(events.listeners).toBe(1));
});

afterEach(() => {
  cleanup();
  stop();
});

async function hear(
  servers = [server('files', { pool: { total: 1, active: 0, idle: 1, max: 4, waiting: 0 } })],
) {
  events.send('status', status({ servers }));
  await vi.waitFor(() => expect(feed.status?.servers).toHaveLength(servers.length));
}

test('a gap in the samples is a gap in the lines', () => {
  const data = plotData(columns());
  expect(data.at).toEqual([1, 2, 3, 4, 63]);
  expect(data.active).toEqual([0, 2, 1, null, 0]);
  expect(data.calls).toEqual([0, 3, 4, null, 0]);
  expect(data.memory).toEqual([null, 84, 80, null, 81]);
  expect(data.cpu).toEqual([null, 12.5, 0.3, null, 0]);
});

test('the summary has the most of everything, and all calls', () => {
  expect(summaryOf(columns())).toEqual({
    minutes: 1,
    busy: 2,
    open: 2,
    waiting: 1,
    rate: 4,
    calls: 7,
  });
});

test('the plots say in words what they show: the past, and each second that follows', async () => {
  await hear();
  render(PoolTab, { server: feed.server('files')! });
  const plot = await screen.findByRole('img', { name: /^Connections/ });
  expect(plot.getAttribute('aria-label')).toContain(
    'In the last minute: 7 calls, at most 2 busy and 2 open connections, at most 1 call waiting.',
  );
  events.send('pulse', pulse(64_000, { files: { active: 3, total: 4, waiting: 2, calls: 5 } }));
  await vi.waitFor(() =>
    expect(screen.getByText('Now 3 busy, 4 open, 4 at most; 2 calls wait.')).toBeTruthy(),
  );
  expect(plot.getAttribute('aria-label')).toContain('12 calls, at most 3 busy and 4 open');
});

test('nothing recorded is said, not drawn', async () => {
  answers['/api/servers/fresh/history'] = { step: 1000, samples: [] };
  await hear([server('files'), server('fresh')]);
  render(PoolTab, { server: feed.server('fresh')! });
  expect(await screen.findByText('Nothing recorded yet')).toBeTruthy();
  expect(screen.queryByRole('img')).toBeNull();
});

test('a past that cannot be read is said', async () => {
  answers['/api/servers/fresh/history'] = new TypeError('Failed to fetch');
  await hear([server('files'), server('fresh')]);
  render(PoolTab, { server: feed.server('fresh')! });
  expect(await screen.findByText(/could not be read; the plot begins now/)).toBeTruthy();
});

test('what its processes take is told and drawn, and nothing of the kind where it has none', async () => {
  await hear();
  const { unmount } = render(PoolTab, { server: feed.server('files')! });
  const plot = await screen.findByRole('img', { name: /^Memory/ });
  expect(plot.getAttribute('aria-label')).toContain(
    'At most 84 MB of memory and 12.5% of one core',
  );
  expect(screen.getByText('No process of it runs now.')).toBeTruthy();
  events.send('pulse', pulse(64_000, { files: { memory: 90 << 20, cpu: 1.5 } }));
  expect(await screen.findByText('Now 90 MB of memory, 1.5% of one core.')).toBeTruthy();
  unmount();
  answers['/api/servers/far/history'] = { step: 1000, samples: [[1_000, 0, 1, 0, 0, null, null]] };
  await hear([server('far', { transport: 'http' })]);
  render(PoolTab, { server: feed.server('far')! });
  await screen.findByRole('img', { name: /^Calls/ });
  expect(screen.queryByRole('img', { name: /^Memory/ })).toBeNull();
});
