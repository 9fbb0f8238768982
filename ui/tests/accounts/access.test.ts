/** Clients that ask for access, clients that have it, and secrets. */

import { screen, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { toasts } from '../../src/state/toasts.svelte';
import { server } from '../fixtures';
import {
  answers,
  approval,
  field,
  fill,
  grant,
  have,
  lastToast,
  news,
  now,
  open,
  press,
  refusal,
  sent,
} from './story';

const part = async (name: string) => within(await screen.findByRole('region', { name }));

test('a client that asks is seen on every screen, heard, and allowed only a moment later', async () => {
  location.hash = '#/';
  answers['POST /api/approvals/a1/approve'] = {};
  await open({ approvals: 0, servers: [server('ecs')] });
  await screen.findByRole('link', { name: 'Accounts' });
  have({ approvals: [approval({ resource: 'http://localhost:4298/ecs/mcp' })] });
  news();
  const asks = await part('Claude Code asks for access');
  expect(screen.getByRole('heading', { level: 1, name: 'Home' })).toBeTruthy();
  expect(screen.getByText('Claude Code asks for access. Code: KXW4-7P2M.')).toBeTruthy();
  expect(asks.getByText('KXW4-7P2M')).toBeTruthy();
  expect(asks.getByText('localhost:53112')).toBeTruthy();
  expect(asks.getByText('All tools of ecs, in your name')).toBeTruthy();
  expect(asks.getByText('Ends in 2 minutes')).toBeTruthy();
  const allow = screen.getByRole<HTMLButtonElement>('button', { name: 'Allow Claude Code' });
  expect(allow.disabled).toBe(true);
  await vi.waitFor(() => expect(allow.disabled).toBe(false), 2000);
  have({});
  await press('Allow Claude Code');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('Claude Code has access.'));
  expect(sent('POST', '/api/approvals/a1/approve')).toHaveLength(1);
  await vi.waitFor(() =>
    expect(screen.queryByRole('region', { name: 'Claude Code asks for access' })).toBeNull(),
  );
});

test('it may be refused at once; what asks for no server gets all', async () => {
  have({ approvals: [approval()] });
  answers['POST /api/approvals/a1/deny'] = {};
  await open({ approvals: 1 });
  const asks = await part('Claude Code asks for access');
  expect(asks.getByText(/All tools of all servers/)).toBeTruthy();
  have({});
  await press('Refuse Claude Code');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('Claude Code was refused.'));
  expect(sent('POST', '/api/approvals/a1/deny')).toHaveLength(1);
});

test('clients with access, last used first, each revoked after a question', async () => {
  have({
    grants: [grant(), grant({ id: 'g2', clientName: 'Claude Code', lastUsed: now() - 130 })],
  });
  answers['DELETE /api/grants/g1'] = {};
  await open();
  const list = await part('Clients with access');
  await list.findByText('Cursor');
  expect(
    list.getAllByRole('listitem').map((row) => row.querySelector('strong')?.textContent),
  ).toEqual(['Claude Code', 'Cursor']);
  expect(list.getByText('last used 2 minutes ago')).toBeTruthy();
  expect(list.getByText('never used')).toBeTruthy();
  await press('Revoke the access of Cursor');
  have({ grants: [] });
  await press('Revoke');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('Cursor has no access any more.'));
  expect(sent('DELETE', '/api/grants/g1')).toHaveLength(1);
  expect(await list.findByText(/No client has a token yet/)).toBeTruthy();
});

test('a token is made by hand, shown once with the command, and gone afterwards', async () => {
  answers['POST /api/grants'] = { id: 'g9', token: 'secret-token' };
  await open();
  await (await part('Clients with access')).findByText(/No client has/);
  await press('Create a token');
  expect(document.activeElement).toBe(screen.getByLabelText('What is it for?'));
  await fill('What is it for?', ' laptop ');
  await press('Create');
  expect(await screen.findByText('secret-token')).toBeTruthy();
  expect(sent('POST', '/api/grants')).toEqual([{ label: 'laptop' }]);
  expect(
    screen.getByText(
      'claude mcp add --transport http gateway http://localhost:4298/mcp --header "Authorization: Bearer secret-token"',
    ),
  ).toBeTruthy();
  await press('I have copied it');
  expect(document.body.textContent).not.toContain('secret-token');
  expect(document.activeElement?.textContent?.trim()).toBe('Create a token');
});

test('secrets: added, replaced and removed, never shown', async () => {
  const entry = { name: 'TOKEN', changed: now() - 86_400, usedBy: ['github'] };
  answers['PUT /api/secrets/NEW'] = {};
  answers['PUT /api/secrets/TOKEN'] = {};
  answers['DELETE /api/secrets/TOKEN'] = {};
  have({ secrets: [entry] });
  await open();
  const list = await part('Secrets');
  expect(await list.findByText('The key lies in the keychain of this system.')).toBeTruthy();
  expect(list.getByRole('link', { name: 'github' })).toBeTruthy();
  expect(list.getByText('changed yesterday')).toBeTruthy();

  await press('Add a secret');
  await fill('Name', 'NEW');
  await fill('Value', 'v1');
  expect(field('Value').type).toBe('password');
  await press('Keep it');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('NEW is kept.'));
  expect(sent('PUT', '/api/secrets/NEW')).toEqual([{ value: 'v1' }]);
  expect(await screen.findByRole('button', { name: 'Add a secret' })).toBeTruthy();

  await press('Replace TOKEN');
  await fill('New value of TOKEN', 'v2');
  await press('Keep it');
  await vi.waitFor(() => expect(sent('PUT', '/api/secrets/TOKEN')).toEqual([{ value: 'v2' }]));

  await vi.waitFor(() => screen.getByRole('button', { name: 'Remove TOKEN' }));
  await press('Remove TOKEN');
  expect(screen.getByText(/1 server would not start any more/)).toBeTruthy();
  have({});
  await press('Remove');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('TOKEN is removed.'));
  expect(await list.findByText('No secret is kept yet.')).toBeTruthy();
});

test('a name that is refused is said at its field', async () => {
  answers['PUT /api/secrets/a%20b'] = refusal({
    code: 'invalid',
    fields: [{ field: 'name', message: { en: 'No spaces in it.', zh: '不能有空格。' } }],
  });
  await open();
  await (await part('Secrets')).findByText('No secret is kept yet.');
  await press('Add a secret');
  await fill('Name', 'a b');
  await fill('Value', 'v');
  await press('Keep it');
  expect(await screen.findByText('No spaces in it.')).toBeTruthy();
  expect(field('Name').getAttribute('aria-invalid')).toBe('true');
});

test('plain-text secrets are moved out of the file with one click, and back with another', async () => {
  const plain = [{ server: 'github', place: 'env', name: 'TOKEN', suggested: 'github_TOKEN' }];
  have({ plain });
  answers['POST /api/secrets/seal'] = { revision: 'r2', undo: 'u1', path: '/c', notices: [] };
  answers['POST /api/undo'] = { revision: 'r3', undo: null, path: '/c', notices: [] };
  await open();
  const list = await part('Secrets');
  expect(await list.findByText('github.env.TOKEN')).toBeTruthy();
  expect(list.getByText('${secret:github_TOKEN}')).toBeTruthy();
  have({ plain: [] });
  await press('Move it out of the file');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('1 secret moved out of the file.'));
  expect(list.queryByText('github.env.TOKEN')).toBeNull();
  await toasts.act(lastToast()!);
  expect(sent('POST', '/api/undo')).toEqual([{ undo: 'u1' }]);
});

test.each([
  [
    { where: 'keyFile', notice: null } as const,
    'The key lies in a file beside the secrets',
    /start the gateway with/,
  ],
  [
    { where: 'locked', notice: { en: 'The keychain is locked.', zh: '钥匙串已锁定。' } } as const,
    'The key cannot be reached now',
    /The keychain is locked/,
  ],
])('a key in a bad place is a warning with its remedy: $where', async (key, title, remedy) => {
  have({ key });
  await open();
  const list = await part('Secrets');
  expect(await list.findByText(title)).toBeTruthy();
  expect(list.getByText(remedy)).toBeTruthy();
});
