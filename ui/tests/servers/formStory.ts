/** A form on screen and the gateway behind it, for the stories of the form. */

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach } from 'vitest';
import type { Problem, ServerDetail, ServerForm } from '../../src/api/types';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import { draftKey, dropDraft } from '../../src/views/servers/drafts';
import ServerFormView from '../../src/views/servers/ServerFormView.svelte';
import { serve, server, status, type Answers } from '../fixtures';
import { localForm } from './forms';

export const saved = { revision: 'r2', undo: 'u1', path: '/p', notices: [] };

export const detail = (form: ServerForm, revision = 'r1'): ServerDetail => ({
  server: server(form.name),
  form,
  revision,
  entry: null,
  defaults: { callTimeout: 300_000, poolSize: 1, prefix: form.name },
});

/** A refusal of the gateway. */
export const refusal = (status: number, parts: Partial<Problem>): Response =>
  Response.json(
    {
      error: 'no',
      code: 'invalid',
      message: { en: 'The form has mistakes.', zh: '表单有错误。' },
      remedy: null,
      fields: [],
      current: null,
      revision: null,
      ...parts,
    },
    { status },
  );

/** What the gateway of this story answers. */
export const answers: Answers = {};
let fetch: ReturnType<typeof serve>;

/** The bodies that were sent by `method`. */
export const sent = (method: string) =>
  fetch.mock.calls
    .filter(([, init]) => init?.method === method)
    .map(([, init]) => JSON.parse(String(init?.body)) as { revision: string; form: ServerForm });

export const field = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name });
export const type = (name: string, value: string) =>
  fireEvent.input(field(name), { target: { value } });
export const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

/** Shows the form for `name`, for a copy of `from`, or for a new server. Returns what leaves it. */
export async function open(name: string | null = null, from: string | null = null) {
  const { unmount } = render(ServerFormView, { name, from });
  await screen.findByRole('button', { name: name === null ? 'Add server' : 'Save' });
  return unmount;
}

beforeEach(() => {
  preferences.language = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  for (const path of Object.keys(answers)) Reflect.deleteProperty(answers, path);
  Object.assign(answers, {
    'POST /api/servers': saved,
    'PUT /api/servers/files': saved,
    'GET /api/servers/files': detail(localForm()),
  });
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
