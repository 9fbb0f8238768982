/** The window on a gateway with accounts, for the stories of the screen Accounts. */

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import App from '../../src/App.svelte';
import type {
  Account,
  Approval,
  Grant,
  PlainSecret,
  Problem,
  SecretEntry,
  Secrets,
  Status,
} from '../../src/api/types';
import { accounts } from '../../src/state/accounts.svelte';
import { feed } from '../../src/state/feed.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import { toasts } from '../../src/state/toasts.svelte';
import { EventStream, serve, status, type Answers } from '../fixtures';

export const now = () => Math.floor(Date.now() / 1000);

export const cloud = (parts: Partial<Account> = {}): Account => ({
  provider: 'aliyun:intl',
  title: { en: 'Alibaba Cloud', zh: '阿里云' },
  site: 'intl',
  server: null,
  user: 'local',
  state: 'signedOut',
  signingIn: parts.state === 'signingIn',
  signedInAt: null,
  static: false,
  subject: null,
  name: null,
  scope: null,
  wanted: null,
  expiresAt: null,
  refreshable: false,
  why: null,
  misconfigured: null,
  services: ['ecs'],
  ...parts,
});

export const signedIn = (parts: Partial<Account> = {}): Account =>
  cloud({
    state: 'signedIn',
    signedInAt: now() - 60,
    subject: '2488',
    name: 'dev@example.com',
    scope: '/acs/mcp-server',
    expiresAt: now() + 3630,
    refreshable: true,
    ...parts,
  });

export const approval = (parts: Partial<Approval> = {}): Approval => ({
  id: 'a1',
  code: 'KXW4-7P2M',
  clientName: 'Claude Code',
  clientId: 'mcp-gateway',
  redirectHost: 'localhost:53112',
  resource: 'http://localhost:4298/mcp',
  expiresAt: now() + 170,
  ...parts,
});

export const grant = (parts: Partial<Grant> = {}): Grant => ({
  id: 'g1',
  user: 'local',
  clientName: 'Cursor',
  clientId: 'cursor',
  resource: null,
  created: now() - 86_400 * 3,
  lastUsed: null,
  expiresAt: null,
  ...parts,
});

export const begun = {
  authorizeUrl: 'https://signin.alibabacloud.com/oauth2/v1/auth?state=s1',
  redirect: 'mcp-gateway://oauth/callback',
  expiresIn: 600,
};

export const refusal = (parts: Partial<Problem> = {}): Response =>
  Response.json(
    {
      error: 'no',
      code: 'failed',
      message: { en: 'The store cannot be read.', zh: '无法读取存储。' },
      remedy: null,
      fields: [],
      current: null,
      revision: null,
      ...parts,
    } satisfies Problem,
    { status: 500 },
  );

/** What the gateway of a story answers. */
export let answers: Answers;
let events: EventStream;
let fetch: ReturnType<typeof serve>;
let said: Status;

// What comes behind the first screen is there: no story waits for it.
beforeAll(() => import('../../src/views/serverScreens'));

beforeEach(() => {
  preferences.languageChoice = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  location.href = 'http://localhost:4298/ui/#/accounts';
  feed.status = feed.pulse = feed.outage = null;
  accounts.forget();
  events = new EventStream();
  answers = {
    '/api/events': events,
    '/api/bridge': { command: null, entry: '{}', configFile: '/c', url: 'http://localhost/mcp' },
  };
  have({ accounts: [] });
  fetch = serve(answers);
});

afterEach(() => {
  cleanup();
  toasts.list.forEach((toast) => toasts.dismiss(toast.id));
});

/** What the gateway has from now on. */
export function have(parts: {
  accounts?: Account[];
  approvals?: Approval[];
  grants?: Grant[];
  key?: Secrets['key'];
  secrets?: SecretEntry[];
  plain?: PlainSecret[];
}) {
  const { key = { where: 'keychain' }, secrets = [], plain = [] } = parts;
  answers['GET /api/accounts'] = { accounts: parts.accounts ?? [] };
  answers['GET /api/approvals'] = { approvals: parts.approvals ?? [] };
  answers['GET /api/grants'] = { grants: parts.grants ?? [] };
  answers['GET /api/secrets'] = { key, secrets, plain };
}

/** Opens the window; `parts.approvals` says that this gateway has accounts. */
export async function open(parts: Partial<Status> & { approvals?: number } = { approvals: 0 }) {
  render(App);
  await vi.waitFor(() => expect(events.listeners).toBe(1));
  said = status(parts);
  events.send('status', said);
  await vi.waitFor(() => expect(feed.status).not.toBeNull());
  await tick();
}

/** The gateway says that something about accounts is new. */
export const news = () => events.send('accounts', {});

/** The bodies of what was sent by `method` to `path`. */
export const sent = (method: string, path: string): unknown[] =>
  fetch.mock.calls
    .filter(([url, init]) => url.pathname === path && init?.method === method)
    .map(([, init]) => (init?.body ? JSON.parse(String(init.body)) : null));

export const press = (name: string | RegExp) =>
  fireEvent.click(screen.getByRole('button', { name }));

/** Fills in the last field called `label`: what was opened last. */
export const fill = (label: string, value: string) =>
  fireEvent.input(field(label), { target: { value } });

export const field = (label: string) => screen.getAllByLabelText<HTMLInputElement>(label).at(-1)!;

export const lastToast = () => toasts.list.at(-1);
