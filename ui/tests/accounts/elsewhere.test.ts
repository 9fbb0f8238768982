/** What other screens know of accounts. */

import { fireEvent, screen, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { server } from '../fixtures';
import { localForm, remoteForm } from '../servers/forms';
import { answers, cloud, have, open, sent, signedIn } from './story';

const why = { en: 'The access was revoked.', zh: '访问权限已被吊销。' };
const error = { message: { en: 'Sign in first.', zh: '请先登录。' }, remedy: null, lastLines: [] };

test('Home tells once what lacks a sign-in, for all servers that use it', async () => {
  location.hash = '#/';
  have({ accounts: [cloud({ state: 'needsSignIn', why, services: ['ecs', 'ram'] })] });
  await open({ approvals: 0, servers: [server('ecs', { error }), server('ram', { error })] });
  const card = within(await screen.findByRole('region', { name: 'Needs attention' }));
  expect(await card.findByText('The access was revoked.')).toBeTruthy();
  await vi.waitFor(() => expect(card.getAllByRole('listitem')).toHaveLength(1));
  expect(
    card.getByRole('link', { name: 'Sign in to Alibaba Cloud International' }).getAttribute('href'),
  ).toBe('#/accounts');
});

test('a server that lacks its account leads there; one that has it does not', async () => {
  location.hash = '#/servers';
  have({
    accounts: [cloud(), signedIn({ provider: 'server:ok', server: 'ok', services: ['ok'] })],
  });
  await open({ approvals: 0, servers: [server('ecs'), server('ok')] });
  const links = await screen.findAllByRole('link', { name: /^Sign in to/ });
  expect(links.map((link) => link.textContent?.trim())).toEqual([
    'Sign in to Alibaba Cloud International',
  ]);
});

test('a service of Alibaba Cloud has no settings to edit', async () => {
  location.hash = '#/servers';
  await open({ approvals: 0, servers: [Object.assign(server('ecs'), { service: true })] });
  await fireEvent.click(await screen.findByRole('button', { name: 'Actions for ecs' }));
  expect(screen.getAllByRole('menuitem').map((item) => item.textContent?.trim())).toEqual([
    'Restart',
    'Remove',
  ]);
  expect(screen.queryByRole('switch')).toBeNull();
});

/** Opens the form of the remote server that `form` describes. */
async function edit(form: ReturnType<typeof remoteForm>) {
  location.hash = '#/servers/notion/edit';
  answers['GET /api/servers/notion'] = {
    server: server('notion'),
    form,
    revision: 'r1',
    entry: null,
    defaults: { callTimeout: 300_000, poolSize: 1, prefix: 'notion' },
  };
  answers['PUT /api/servers/notion'] = { revision: 'r2', undo: null, path: '/c', notices: [] };
  await open({ approvals: 0, servers: [server('notion')] });
  await screen.findByRole('button', { name: 'Save' });
}

const saved = () => (sent('PUT', '/api/servers/notion')[0] as { form: unknown }).form;

test('a remote server is told to ask for a sign-in, with what is known beforehand', async () => {
  await edit(remoteForm());
  await fireEvent.click(await screen.findByRole('radio', { name: 'Sign-in with the browser' }));
  await fireEvent.input(screen.getByLabelText('Client id'), { target: { value: ' id-1 ' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await vi.waitFor(() => expect(sent('PUT', '/api/servers/notion')).toHaveLength(1));
  expect(saved()).toEqual(
    remoteForm({
      auth: { clientId: 'id-1', clientSecret: null, scope: null, authorizationServer: null },
    }),
  );
});

test('a sign-in is taken back; a program on this machine has none to choose', async () => {
  const auth = { clientId: 'x', clientSecret: null, scope: 's', authorizationServer: null };
  await edit(remoteForm({ auth }));
  expect((await screen.findByLabelText<HTMLInputElement>('Scope')).value).toBe('s');
  await fireEvent.click(screen.getByRole('radio', { name: 'None, or a key in a header' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await vi.waitFor(() => expect(sent('PUT', '/api/servers/notion')).toHaveLength(1));
  expect(saved()).toEqual(remoteForm({ auth: null }));
});

test('what the form does not show stays: the sign-in of a server on this machine', async () => {
  await edit(localForm({ name: 'notion' }));
  await screen.findByRole('link', { name: /^Accounts/ });
  expect(screen.queryByRole('radio', { name: 'Sign-in with the browser' })).toBeNull();
});
