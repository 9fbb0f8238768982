import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { router } from '../../src/state/route.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import ServerFormView from '../../src/views/servers/ServerFormView.svelte';
import { server } from '../fixtures';
import { localForm, remoteForm } from './forms';
import { answers, detail, field, open, press, refusal, sent, type } from './formStory';

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
    answers['POST /api/servers'] = refusal(422, {
      fields: [
        { field: 'cwd', message: { en: 'no such folder', zh: '没有这个目录' } },
        { field: 'name', message: { en: 'the name is taken', zh: '名称已被使用' } },
      ],
    });
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

  test('what is wrong follows the language', async () => {
    await open();
    await type('Command line', 'npx x');
    await type('Call timeout', 'soon');
    await press('Add server');
    preferences.language = 'zh';
    expect(await screen.findByText(/请填写大于 0 的秒数/)).toBeTruthy();
  });

  test('a snippet has no variables of the one that was pasted before', async () => {
    await open();
    await type('Command line', '{"a": {"command": "a", "env": {"TOKEN": "x"}}}');
    expect(screen.getByLabelText<HTMLInputElement>('Variable 1: name').value).toBe('TOKEN');
    await type('Command line', '{"b": {"command": "b"}}');
    expect(screen.queryByLabelText('Variable 1: name')).toBeNull();
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
