import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ToolRow } from '../../src/api/types';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import ToolsTab from '../../src/views/servers/ToolsTab.svelte';
import { serve, server, status, type Answers } from '../fixtures';

const saved = { revision: 'r2', undo: 'u1', path: '/p', notices: [] };
const tool = (own: string, parts: Partial<ToolRow> = {}): ToolRow => ({
  own,
  exposed: `files_${own}`,
  on: true,
  rename: null,
  title: null,
  description: `What ${own} does`,
  readOnly: null,
  destructive: null,
  ...parts,
});
let answers: Answers;
let fetch: ReturnType<typeof serve>;

const changes = () =>
  fetch.mock.calls
    .filter(([, init]) => init?.method === 'PATCH')
    .map(([, init]) => JSON.parse(String(init?.body)) as unknown);
const rowOf = (name: string) => within(screen.getByText(name).closest('li')!);

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = {
    'GET /api/servers/files/tools': {
      tools: [
        tool('read', { readOnly: true }),
        tool('write', { destructive: true }),
        tool('hidden', { on: false, exposed: null }),
      ],
    },
    'PATCH /api/servers/files/tools': saved,
  };
  fetch = serve(answers);
  feed.status = status();
});

afterEach(() => {
  cleanup();
  for (const toast of toasts.list) toasts.dismiss(toast.id);
});

async function shown() {
  const result = render(ToolsTab, { server: server('files') });
  await screen.findByText('3 tools · 2 switched on');
  return result;
}

test('each tool has the name that clients see, and what it does to the world', async () => {
  await shown();
  expect(rowOf('files_read').getByText('Reads only')).toBeTruthy();
  expect(rowOf('files_write').getByText('May destroy')).toBeTruthy();
  expect(rowOf('hidden').getByText('not offered')).toBeTruthy();
});

test('a switch changes the file and reads the tools again', async () => {
  await shown();
  answers['GET /api/servers/files/tools'] = {
    tools: [tool('read', { on: false, exposed: null }), tool('write'), tool('hidden')],
  };
  await fireEvent.click(screen.getByRole('switch', { name: 'Offer read' }));
  await vi.waitFor(() =>
    expect(toasts.list.at(-1)?.text).toBe('files_read is no longer offered to clients.'),
  );
  expect(changes()).toEqual([{ tool: 'read', on: false }]);
  expect(rowOf('read').getByText('not offered')).toBeTruthy();
  expect(toasts.list.at(-1)?.action?.label).toBe('Undo');
});

test('renaming says the name that clients see afterwards', async () => {
  await shown();
  await fireEvent.click(screen.getByRole('button', { name: 'Rename read' }));
  const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'New name of read' });
  expect(field.value).toBe('files_read');
  answers['GET /api/servers/files/tools'] = {
    // The name was taken: the gateway gave another one.
    tools: [tool('read', { rename: 'open', exposed: 'files_open' }), tool('write')],
  };
  await fireEvent.input(field, { target: { value: ' open ' } });
  await fireEvent.submit(field.form!);
  await vi.waitFor(() =>
    expect(toasts.list.at(-1)?.text).toBe('Clients now see read as files_open.'),
  );
  expect(changes()).toEqual([{ tool: 'read', rename: 'open' }]);
  expect(screen.queryByRole('textbox', { name: 'New name of read' })).toBeNull();
});

test('an empty name takes the renaming back, and Escape leaves everything', async () => {
  answers['GET /api/servers/files/tools'] = {
    tools: [
      tool('read', { rename: 'open', exposed: 'open' }),
      tool('write'),
      tool('hidden', { on: false }),
    ],
  };
  await shown();
  await fireEvent.click(screen.getByRole('button', { name: 'Rename read' }));
  await fireEvent.keyDown(screen.getByRole('textbox', { name: 'New name of read' }), {
    key: 'Escape',
  });
  expect(changes()).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'Rename read' }));
  const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'New name of read' });
  await fireEvent.input(field, { target: { value: '' } });
  await fireEvent.submit(field.form!);
  await vi.waitFor(() => expect(changes()).toEqual([{ tool: 'read', rename: null }]));
});

test('the filter finds by either name and by description', async () => {
  await shown();
  const filter = screen.getByRole('searchbox', { name: 'Filter tools' });
  await fireEvent.input(filter, { target: { value: 'what hidden' } });
  expect(screen.getByText('1 of 3 tools · 2 switched on')).toBeTruthy();
  expect(screen.queryByText('files_read')).toBeNull();
});

test('tools that cannot be read are not an empty list', async () => {
  answers['GET /api/servers/files/tools'] = new TypeError('Failed to fetch');
  render(ToolsTab, { server: server('files') });
  expect((await screen.findByRole('alert')).textContent).toContain('The tools could not be read.');
  expect(screen.queryByText('This server has no tools.')).toBeNull();
  answers['GET /api/servers/files/tools'] = { tools: [] };
  await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('This server has no tools.')).toBeTruthy();
});

test('they are read again when their number changes, and shown meanwhile', async () => {
  const { rerender } = await shown();
  answers['GET /api/servers/files/tools'] = { tools: [tool('read'), tool('fresh')] };
  await rerender({ server: server('files', { tools: 7, offered: 7 }) });
  expect(screen.getByText('files_read')).toBeTruthy();
  expect(await screen.findByText('files_fresh')).toBeTruthy();
});

test('a server that lists one name twice has both', async () => {
  answers['GET /api/servers/files/tools'] = {
    tools: [tool('read'), tool('read', { exposed: 'files_read_2' }), tool('x', { on: false })],
  };
  await shown();
  expect(screen.getByText('files_read_2')).toBeTruthy();
});

test('of five thousand tools only those that can be seen are in the document', async () => {
  answers['GET /api/servers/files/tools'] = {
    tools: Array.from({ length: 5000 }, (_, i) => tool(`tool_${i}`)),
  };
  render(ToolsTab, { server: server('files') });
  await screen.findByText('5,000 tools · 5,000 switched on');
  expect(screen.getAllByRole('listitem').length).toBeLessThan(60);
});
