/** The gateway's admin API: one function a route. Rejects with an `OutageError` or a `RefusedError`. */

import { OutageError, request, stream, type RefusedError, type StreamEnd } from './transport';
import type {
  Account,
  AccountList,
  Approval,
  ApprovalList,
  BridgeInfo,
  BridgeTry,
  ConfigText,
  DoctorFixed,
  DoctorReport,
  Grant,
  GrantList,
  History,
  LogLine,
  LogLines,
  NewGrant,
  Pulse,
  Saved,
  Secrets,
  ServerDetail,
  ServerError,
  ServerForm,
  ServiceAdded,
  Settings,
  SignInBegun,
  SignInDone,
  Status,
  TestOk,
  ToolRow,
  ToolRows,
} from './types';

/** Applying a change may mean ending processes; trying the bridge, starting one. */
const LONG_MS = 30_000;

const at = (name: string) => `/api/servers/${encodeURIComponent(name)}`;

export async function readStatus(): Promise<Status> {
  const json = await request('GET', '/api/status');
  if (isStatus(json)) return json;
  throw new OutageError({ kind: 'unreadable', status: 200 });
}

/** What `/api/events` tells. */
export interface EventsHearer extends StreamEnd {
  status(status: Status): void;
  pulse(pulse: Pulse): void;
  /** Something about accounts, approvals, grants or secrets is not what it was. */
  accounts(): void;
}

/** The status now and after each change, and a pulse each second. */
export function hearEvents(hearer: EventsHearer): () => void {
  return stream(
    'GET',
    '/api/events',
    null,
    ({ event, data }) => {
      if (event === 'status' && isStatus(data)) hearer.status(data);
      if (event === 'pulse') hearer.pulse(data as Pulse);
      if (event === 'accounts') hearer.accounts();
    },
    hearer,
  );
}

export const readServer = (name: string) => request('GET', at(name)) as Promise<ServerDetail>;

export const addServer = (revision: string | null, form: ServerForm) =>
  request('POST', '/api/servers', { revision, form }, LONG_MS) as Promise<Saved>;

/** `form.name` may differ from `name`: the server is renamed. */
export const saveServer = (name: string, revision: string | null, form: ServerForm) =>
  request('PUT', at(name), { revision, form }, LONG_MS) as Promise<Saved>;

export const removeServer = (name: string) =>
  request('DELETE', at(name), undefined, LONG_MS) as Promise<Saved>;

export const enableServer = (name: string, enabled: boolean) =>
  request('PATCH', at(name), { enabled }, LONG_MS) as Promise<Saved>;

export const restartServer = (name: string) =>
  request('POST', `${at(name)}/restart`, undefined, LONG_MS);

export async function readTools(name: string): Promise<ToolRow[]> {
  return ((await request('GET', `${at(name)}/tools`)) as ToolRows).tools;
}

/** Switches a tool or renames it (`rename: null` takes the new name back). */
export const changeTool = (
  server: string,
  change: { tool: string; on?: boolean; rename?: string | null },
) => request('PATCH', `${at(server)}/tools`, change, LONG_MS) as Promise<Saved>;

/** What a server prints, or, without a name, what the gateway says: what is kept of it first, then live. */
export function hearLog(
  name: string | null,
  onLines: (lines: LogLine[]) => void,
  on: StreamEnd = {},
): () => void {
  return stream(
    'GET',
    name === null ? '/api/log' : `${at(name)}/log`,
    null,
    ({ event, data }) => {
      if (event === 'lines') onLines((data as LogLines).lines);
    },
    on,
  );
}

export const readHistory = (name: string) =>
  request('GET', `${at(name)}/history`) as Promise<History>;

/** What trying a server tells: its output, then exactly one of `ok`, `failed` and `error`. */
export interface TestHearer {
  log(lines: LogLine[]): void;
  ok(result: TestOk): void;
  /** It was started (or reached) and does not work. */
  failed(cause: ServerError): void;
  /** It was not tried: the form cannot be used, or the gateway did not answer. */
  error(error: OutageError | RefusedError): void;
}

/** Tries a server before it is saved. Stopping the stream stops the trial. */
export function testServer(form: ServerForm, hearer: TestHearer): () => void {
  let told = false;
  return stream(
    'POST',
    '/api/test',
    { form },
    ({ event, data }) => {
      if (event === 'log') hearer.log((data as LogLines).lines);
      if (event !== 'ok' && event !== 'failed') return;
      told = true;
      if (event === 'ok') hearer.ok(data as TestOk);
      else hearer.failed(data as ServerError);
    },
    {
      end(error) {
        if (!told) hearer.error(error ?? new OutageError({ kind: 'unreachable' }));
      },
    },
  );
}

/** Takes a change back; `undo` is what its `Saved` brought. */
export const undoChange = (undo: string) =>
  request('POST', '/api/undo', { undo }, LONG_MS) as Promise<Saved>;

export const readConfig = () => request('GET', '/api/config') as Promise<ConfigText>;

export const readSettings = () => request('GET', '/api/settings') as Promise<Settings>;

/** The gateway moves to the new port at once; a browser has to follow it. */
export const savePort = (port: number) =>
  request('PATCH', '/api/settings', { port }, LONG_MS) as Promise<Saved>;

export const readBridge = () => request('GET', '/api/bridge') as Promise<BridgeInfo>;

/** Runs the stdio bridge once against this gateway. */
export const tryBridge = () =>
  request('POST', '/api/bridge/try', undefined, LONG_MS) as Promise<BridgeTry>;

/** Exchanges a one-time code for the admin token. */
export async function redeemCode(code: string): Promise<string> {
  return ((await request('POST', '/api/codes/redeem', { code })) as { token: string }).token;
}

export async function readAccounts(): Promise<Account[]> {
  return ((await request('GET', '/api/accounts')) as AccountList).accounts;
}

/** Whoever calls it opens `authorizeUrl` in a browser. */
export const beginSignIn = (provider: string) =>
  request('POST', '/api/accounts/sign-in', { provider }, LONG_MS) as Promise<SignInBegun>;

export const cancelSignIn = (provider: string) =>
  request('POST', '/api/accounts/cancel', { provider });

/** Hands over the address at which the browser ended, where it could not do so itself. */
export const deliverAnswer = (url: string) =>
  request('POST', '/api/accounts/callback', { url }, LONG_MS) as Promise<SignInDone>;

/** Revokes the tokens at the provider and forgets them. */
export const signOut = (provider: string, user: string) =>
  request('POST', '/api/accounts/sign-out', { provider, user }, LONG_MS);

/** Ends everything that `user` has here: sign-ins and the access of all clients. */
export const revokeUser = (user: string) =>
  request('DELETE', `/api/users/${encodeURIComponent(user)}`, undefined, LONG_MS);

export async function readApprovals(): Promise<Approval[]> {
  return ((await request('GET', '/api/approvals')) as ApprovalList).approvals;
}

export const decideApproval = (id: string, verdict: 'approve' | 'deny') =>
  request('POST', `/api/approvals/${encodeURIComponent(id)}/${verdict}`);

export async function readGrants(): Promise<Grant[]> {
  return ((await request('GET', '/api/grants')) as GrantList).grants;
}

export const createGrant = (label: string) =>
  request('POST', '/api/grants', { label }) as Promise<NewGrant>;

export const revokeGrant = (id: string) =>
  request('DELETE', `/api/grants/${encodeURIComponent(id)}`);

export const readSecrets = () => request('GET', '/api/secrets') as Promise<Secrets>;

/** The key may have to be unlocked first, by a person. */
export const putSecret = (name: string, value: string) =>
  request('PUT', `/api/secrets/${encodeURIComponent(name)}`, { value }, LONG_MS);

export const removeSecret = (name: string) =>
  request('DELETE', `/api/secrets/${encodeURIComponent(name)}`, undefined, LONG_MS);

/** Moves every plain-text secret out of the configuration file. */
export const sealSecrets = () =>
  request('POST', '/api/secrets/seal', {}, LONG_MS) as Promise<Saved>;

/** A service of Alibaba Cloud to be added. What is left out stays as the file says. */
export interface NewService {
  alias: string;
  path: string;
  site?: 'intl' | 'cn';
  clientId?: string;
}

export const addService = (service: NewService) =>
  request('POST', '/config/services', service, LONG_MS) as Promise<ServiceAdded>;

/** Looks at everything, which may mean waiting for servers elsewhere. */
export const examine = () =>
  request('GET', '/api/doctor', undefined, LONG_MS) as Promise<DoctorReport>;

/** Repairs what a finding offers; `id` is the offer's. */
export const fixFinding = (id: string) =>
  request('POST', '/api/doctor/fix', { id }, LONG_MS) as Promise<DoctorFixed>;

function isStatus(json: unknown): json is Status {
  return (
    hasList(json, 'servers') &&
    hasList(json, 'notices') &&
    hasList(json, 'clashes') &&
    typeof json.endpoint === 'string' &&
    typeof json.state === 'string'
  );
}

function hasList(json: unknown, key: string): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && Array.isArray((json as never)[key]);
}
