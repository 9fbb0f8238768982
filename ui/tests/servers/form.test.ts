import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Problem, ServerDetail, ServerForm } from '../../src/api/types';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { router } from '../../src/state/route.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import { draftKey, dropDraft } from '../../src/views/servers/drafts';
import ServerFormView from '../../src/views/servers/ServerFormView.svelte';
import { EventStream, serve, server, status, type Answers } from '../fixtures';
import { localForm, remoteForm } from './forms';

const saved = { revision: 'r2', undo: 'u1', path: '/p', notices: [] };
const detail = (form: ServerForm, revision = 'r1'): ServerDetail => ({
  server: server(form.name),
  form,
  revision,
  entry: null,
  defaults: { callTimeout: 300_000, poolSize: 1, prefix: form.name },
});
const problem = (parts: Partial<Problem>): Problem => ({
  error: 'no',
  code: 'invalid',
  message: { en: 'The form has mistakes.', zh: '表单有错误。' },
  remedy: null,
  fields: [],
  current: null,
  revision: null,
  ...parts,
});
let answers: Answers;
let fetch: ReturnType<typeof serve>;

/** The bodies that were sent by `method`. */
const sent = (method: string) =>
  fetch.mock.calls
    .filter(([, init]) => init?.method === method)
    .map(([, init]) => JSON.parse(String(init?.body)) as { revision: string; form: ServerForm });
const field = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name });
const type = (name: string, value: string) => fireEvent.input(field(name), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

async function open(name: string | null = null, from: string | null = null) {
  const { unmount } = render(ServerFormView, { name, from });
  await screen.findByRole('button', { name: name === null ? 'Add server' : 'Save' });
  return unmount;
}

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  answers = {
    'POST /api/servers': saved,
    'PUT /api/servers/files': saved,
    'GET /api/servers/files': detail(localForm()),
  };
  fetch = serve(answers);
  feed.status = status({ servers: [server('files')] });
});

afterEach(() => {
  cleanup();
  // Nothing that one test typed is offered in the next.
  for (const key of [draftKey(null, null), draftKey(null, 'files'), draftKey('files', null)]) {
    dropDraft(key);
  }
  for (const toast of toasts.list) toasts.dismiss(toast.id);
});

describe('a new server', () => {
  test('from a pasted command: argument by argument, with a name that is free', async () => {
    await open();
    await type('Command line', 'TOKEN=x npx -y @modelcontextprotocol/server-files "/a b"');
    const words = screen.getByRole('list', { name: 'Program and arguments' });
    expect(
      within(words)
        .getAllByRole<HTMLInputElement>('textbox')
        .map((input) => input.value),
    ).toEqual(['npx', '-y', '@modelcontextprotocol/server-files', '/a b']);
    expect(field('Name').value).toBe('files-2');
    await press('Add server');
    await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('files-2 is added.'));
    const [{ revision, form } = { revision: '', form: null }] = sent('POST');
    expect(revision).toBe('r1');
    expect(form).toMatchObject({
      name: 'files-2',
      kind: 'local',
      command: ['npx', '-y', '@modelcontextprotocol/server-files', '/a b'],
      env: [{ name: 'TOKEN', value: 'x' }],
      poolSize: null,
      prefix: null,
      include: null,
    });
    expect(router.route).toEqual({ screen: 'server', name: 'files-2' });
  });

  test('an argument that is edited below changes the command line', async () => {
    await open();
    await type('Command line', 'npx a');
    await type('Argument 1', 'b c');
    expect(field('Command line').value).toBe("npx 'b c'");
    await press('Remove argument 1');
    expect(field('Command line').value).toBe('npx');
  });

  test('a name that somebody typed is not replaced by a suggestion', async () => {
    await open();
    await type('Command line', 'npx -y alpha-mcp');
    expect(field('Name').value).toBe('alpha');
    await type('Command line', 'npx -y beta-mcp');
    expect(field('Name').value).toBe('beta');
    await type('Name', 'mine');
    await type('Command line', 'npx -y gamma-mcp');
    expect(field('Name').value).toBe('mine');
  });

  test('from a snippet with an address: the form becomes that of a remote server', async () => {
    await open();
    await type(
      'Command line',
      '{"mcpServers": {"notion": {"url": "https://mcp.notion.com/mcp", "headers": {"Authorization": "Bearer x"}}}}',
    );
    expect(field('Address').value).toBe('https://mcp.notion.com/mcp');
    expect(
      screen.getByText(/notion was taken over from the pasted text. With 1 header./),
    ).toBeTruthy();
    const value = screen.getByLabelText<HTMLInputElement>('Header 1: value');
    expect(value.type).toBe('password');
    await press('Show the value of Authorization');
    expect(value.type).toBe('text');
    await press('Add server');
    await vi.waitFor(() => expect(sent('POST')).toHaveLength(1));
    expect(sent('POST')[0]?.form).toEqual(remoteForm());
  });

  test('from a snippet with several servers: one is chosen', async () => {
    await open();
    await type('Command line', '{"mcpServers": {"a": {"command": "a"}, "b": {"command": "b"}}}');
    expect(
      screen.getByText('This describes 2 servers. Which one do you want to add?'),
    ).toBeTruthy();
    await press('b');
    expect(field('Command line').value).toBe('b');
    expect(field('Name').value).toBe('b');
  });

  test('broken JSON is said and changes nothing', async () => {
    await open();
    await type('Command line', '{"mcpServers": {');
    expect(screen.getByText(/This begins like JSON/)).toBeTruthy();
    expect(field('Name').value).toBe('');
  });

  test('what the gateway finds stands at its field, which is focused and described by it', async () => {
    answers['POST /api/servers'] = Response.json(
      problem({
        fields: [
          { field: 'cwd', message: { en: 'no such folder', zh: '没有这个目录' } },
          { field: 'name', message: { en: 'the name is taken', zh: '名称已被使用' } },
        ],
      }),
      { status: 422 },
    );
    await open();
    await type('Command line', 'npx x');
    await press('Add server');
    await screen.findByText('the name is taken', { exact: false });
    const name = field('Name');
    expect(document.activeElement).toBe(name);
    expect(name.getAttribute('aria-invalid')).toBe('true');
    const described = name.getAttribute('aria-describedby')?.split(' ') ?? [];
    expect(described.map((id) => document.getElementById(id)?.textContent).join()).toMatch(
      /the name is taken/i,
    );
    expect(screen.getByText('2 fields need a correction; they are marked above.')).toBeTruthy();
    expect(screen.getByText('More settings').closest('details')?.open).toBe(true);
  });

  test('a number that is none is not even sent', async () => {
    await open();
    await type('Command line', 'npx x');
    await type('Call timeout', 'soon');
    await press('Add server');
    expect(await screen.findByText(/Write a number of seconds above 0/)).toBeTruthy();
    expect(document.activeElement).toBe(field('Call timeout'));
    expect(sent('POST')).toEqual([]);
  });

  test('a copy has the other’s settings and a name of its own', async () => {
    await open(null, 'files');
    expect(field('Name').value).toBe('files-2');
    await press('Add server');
    await vi.waitFor(() => expect(sent('POST')[0]?.form).toEqual(localForm({ name: 'files-2' })));
  });
});

describe('a server that is edited', () => {
  test('is saved over the revision that was read', async () => {
    await open('files');
    await type('Description', 'Mine');
    await press('Save');
    await vi.waitFor(() => expect(toasts.list.at(-1)?.text).toBe('files is saved.'));
    expect(sent('PUT')).toEqual([{ revision: 'r1', form: localForm({ description: 'Mine' }) }]);
  });

  test('left with changes offers them again; discarded, they are gone', async () => {
    const unmount = await open('files');
    await type('Description', 'half a thou');
    unmount();
    const again = await open('files');
    expect(screen.getByText(/These are your changes from before/)).toBeTruthy();
    expect(field('Description').value).toBe('half a thou');
    await press('Discard them');
    expect(field('Description').value).toBe('');
    again();
    await open('files');
    expect(screen.queryByText(/These are your changes from before/)).toBeNull();
  });

  test('left without changes offers nothing', async () => {
    (await open('files'))();
    await open('files');
    expect(screen.queryByText(/These are your changes from before/)).toBeNull();
  });

  test('the demo is explained instead', async () => {
    answers['GET /api/servers/demo'] = {
      ...detail(localForm({ name: 'demo' })),
      server: server('demo', { builtIn: true }),
    };
    render(ServerFormView, { name: 'demo', from: null });
    expect(await screen.findByText(/Add a server of your own and this one goes/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
  });
});

describe('a file that was changed by hand meanwhile', () => {
  const theirs = localForm({ cwd: '/theirs', poolSize: 4 });

  beforeEach(() => {
    answers['PUT /api/servers/files'] = Response.json(
      problem({ code: 'conflict', current: detail(theirs, 'r7'), revision: 'r7' }),
      { status: 409 },
    );
  });

  async function conflict() {
    await open('files');
    await type('Working folder', '/mine');
    await type('Description', 'Mine');
    await press('Save');
    await screen.findByRole('heading', { name: 'The file was changed meanwhile' });
  }

  test('nothing is sent before every field that both changed is decided', async () => {
    await conflict();
    const folder = within(screen.getByRole('group', { name: 'Working folder' }));
    expect(folder.getByText('/theirs')).toBeTruthy();
    expect(folder.getByText('/mine')).toBeTruthy();
    expect(screen.queryByRole('group', { name: 'Description' })).toBeNull();
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save this' });
    expect(save.disabled).toBe(true);
    expect(screen.getByText('One choice is left.')).toBeTruthy();
    answers['PUT /api/servers/files'] = saved;
    await fireEvent.click(folder.getByRole('radio', { name: /Keep mine/ }));
    expect(save.disabled).toBe(false);
    await fireEvent.click(save);
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]).toEqual({
      revision: 'r7',
      form: localForm({ cwd: '/mine', description: 'Mine', poolSize: 4 }),
    });
  });

  test('all of the file, but for what it does not know of', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = saved;
    await press('Take all from the file');
    await press('Save this');
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]?.form).toEqual({ ...theirs, description: 'Mine' });
  });

  test('all of mine, over what the file says', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = saved;
    await press('Keep all mine');
    await press('Save this');
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]?.form).toEqual(localForm({ cwd: '/mine', description: 'Mine' }));
  });

  test('changed once more, asks once more', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = Response.json(
      problem({
        code: 'conflict',
        current: detail(localForm({ cwd: '/later', poolSize: 4 }), 'r8'),
        revision: 'r8',
      }),
      { status: 409 },
    );
    await press('Keep all mine');
    await press('Save this');
    expect(await screen.findByText('/later')).toBeTruthy();
    expect(screen.queryByText('/theirs')).toBeNull();
  });

  test('the way back leads to what was typed', async () => {
    await conflict();
    await press('Back');
    expect(field('Working folder').value).toBe('/mine');
  });

  test('a server that is gone can be added again', async () => {
    answers['PUT /api/servers/files'] = Response.json(
      problem({ code: 'conflict', revision: 'r9' }),
      { status: 409 },
    );
    await open('files');
    await type('Description', 'Mine');
    await press('Save');
    await screen.findByText(/The file no longer lists this server/);
    await press('Add it again');
    await vi.waitFor(() =>
      expect(sent('POST')).toEqual([{ revision: 'r9', form: localForm({ description: 'Mine' }) }]),
    );
  });
});

describe('a test', () => {
  const start = async (stream: EventStream, command = 'npx x') => {
    answers['POST /api/test'] = stream;
    await open();
    await type('Command line', command);
    await press('Test');
    await vi.waitFor(() => expect(stream.listeners).toBe(1));
  };

  test('shows what the server prints, then its tools', async () => {
    const stream = new EventStream();
    await start(stream);
    expect(screen.getAllByText('Trying the server')).not.toEqual([]);
    stream.send('log', { lines: [{ seq: 0, at: 0, text: 'installing' }] });
    expect(await screen.findByText(/installing/)).toBeTruthy();
    stream.send('ok', {
      name: 'x-server',
      version: '1.0',
      protocol: '2025-06-18',
      tools: [
        {
          own: 'a',
          exposed: 'x_a',
          on: true,
          rename: null,
          title: null,
          description: 'Does a',
          readOnly: true,
          destructive: null,
        },
      ],
      prompts: 0,
      resources: 2,
      took: 1234,
    });
    expect(await screen.findByText('It works: 1 tool after 1.2 s.')).toBeTruthy();
    expect(screen.getByText('x_a')).toBeTruthy();
    expect(sent('POST')).toHaveLength(1);
    await type('Description', 'Changed');
    expect(screen.getByText('The settings were changed since.')).toBeTruthy();
  });

  test('shows why it failed and what helps', async () => {
    const stream = new EventStream();
    await start(stream);
    stream.send('failed', {
      message: { en: 'It ended.', zh: '它结束了。' },
      remedy: { en: 'Start Docker.', zh: '请启动 Docker。' },
      lastLines: ['the last line'],
    });
    expect(await screen.findByText('It ended.')).toBeTruthy();
    expect(screen.getByText('Start Docker.')).toBeTruthy();
    expect(screen.getByText('the last line')).toBeTruthy();
  });

  test('is stopped by closing the stream', async () => {
    const stream = new EventStream();
    await start(stream);
    await press('Stop');
    await vi.waitFor(() => expect(stream.listeners).toBe(0));
    expect(screen.getByText('Stopped before the server answered.')).toBeTruthy();
  });

  test('ends with the form', async () => {
    const stream = new EventStream();
    await start(stream);
    cleanup();
    await vi.waitFor(() => expect(stream.listeners).toBe(0));
  });

  test('of a form that cannot be used marks the field', async () => {
    answers['POST /api/test'] = Response.json(
      problem({
        fields: [{ field: 'env.A B', message: { en: 'no such name', zh: '不能作为名称' } }],
      }),
      { status: 422 },
    );
    await open();
    await type('Command line', 'npx x');
    await press('Add a variable');
    await press('Test');
    expect(await screen.findByText(/no such name/i)).toBeTruthy();
    await tick();
    expect(document.activeElement).toBe(screen.getByLabelText('Variable 1: name'));
  });
});
