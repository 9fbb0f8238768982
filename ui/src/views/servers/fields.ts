/**
 * The form as it stands on the screen, text as typed, and the way from and to what the
 * gateway reads. `null` in a `ServerForm` means that the file does not say; here that is
 * an empty field or the choice "default".
 */

import type { AuthForm, Pair, ServerForm } from '../../api/types';
import type { PastedServer } from './pasted';

/** How clients see the names of a server's tools. */
export type NamingChoice = 'default' | 'own' | 'none';

export interface Fields {
  name: string;
  kind: ServerForm['kind'];
  command: string[];
  env: Pair[];
  cwd: string;
  url: string;
  headers: Pair[];
  /** In seconds, as typed. */
  callTimeout: string;
  poolSize: string;
  sharing: ServerForm['sharing'];
  naming: NamingChoice;
  /** The prefix of its own, where that is the choice. */
  prefix: string;
  /** Own names and the ones that clients see instead. */
  rename: Pair[];
  /** Only the tools of `include`. */
  only: boolean;
  include: string[];
  exclude: string[];
  description: string;
  enabled: boolean;
  auth: AuthFields;
}

/** Whether users sign in to a remote server, and what is known of that beforehand; empty for what is not. */
export interface AuthFields {
  on: boolean;
  clientId: string;
  clientSecret: string;
  scope: string;
  authorizationServer: string;
}

export type FieldName = keyof ServerForm;

/** What can be wrong with a field before the gateway has seen it. */
export type FieldFault = 'notSeconds' | 'notCount';

export function emptyFields(): Fields {
  return {
    name: '',
    kind: 'local',
    command: [],
    env: [],
    cwd: '',
    url: '',
    headers: [],
    callTimeout: '',
    poolSize: '',
    sharing: 'shared',
    naming: 'default',
    prefix: '',
    rename: [],
    only: false,
    include: [],
    exclude: [],
    description: '',
    enabled: true,
    auth: toAuth(null),
  };
}

export function toFields(form: ServerForm): Fields {
  return {
    name: form.name,
    kind: form.kind,
    command: [...form.command],
    env: form.env.map((pair) => ({ ...pair })),
    cwd: form.cwd ?? '',
    url: form.url ?? '',
    headers: form.headers.map((pair) => ({ ...pair })),
    callTimeout: form.callTimeout === null ? '' : String(form.callTimeout / 1000),
    poolSize: form.poolSize === null ? '' : String(form.poolSize),
    sharing: form.sharing,
    naming: namingOf(form),
    prefix: form.prefix ?? '',
    rename: form.rename.map(({ tool, name }) => ({ name: tool, value: name })),
    only: form.include !== null,
    include: [...(form.include ?? [])],
    exclude: [...form.exclude],
    description: form.description ?? '',
    enabled: form.enabled,
    auth: toAuth(form.auth),
  };
}

/** What the gateway is sent. `faults` are fields whose text means nothing. */
export function toForm(
  fields: Fields,
  base: ServerForm | null,
): { form: ServerForm; faults: Partial<Record<FieldName, FieldFault>> } {
  const faults: Partial<Record<FieldName, FieldFault>> = {};
  const seconds = number(fields.callTimeout);
  const connections = number(fields.poolSize);
  if (Number.isNaN(seconds)) faults.callTimeout = 'notSeconds';
  if (Number.isNaN(connections) || !Number.isInteger(connections ?? 0))
    faults.poolSize = 'notCount';
  const local = fields.kind === 'local';
  // What a file says beside the point (an address's variables) is not the form's to remove.
  const same = base?.kind === fields.kind ? base : null;
  const form: ServerForm = {
    name: fields.name.trim(),
    kind: fields.kind,
    command: local ? withoutEmptyEnd(fields.command) : (same?.command ?? []),
    env: local ? named(fields.env) : (same?.env ?? []),
    cwd: local ? orNull(fields.cwd) : (same?.cwd ?? null),
    url: local ? (same?.url ?? null) : orNull(fields.url),
    headers: local ? (same?.headers ?? []) : named(fields.headers),
    callTimeout: seconds === null ? null : Math.round(seconds * 1000),
    poolSize: connections,
    sharing: fields.sharing,
    ...naming(fields, base),
    rename: named(fields.rename).map(({ name, value }) => ({ tool: name, name: value.trim() })),
    include: fields.only ? names(fields.include) : null,
    exclude: names(fields.exclude),
    description: orNull(fields.description),
    enabled: fields.enabled,
    auth: local ? (same?.auth ?? null) : fromAuth(fields.auth),
  };
  return { form, faults };
}

/**
 * The fields with what was pasted in place of what was there before about the same. A
 * `whole` server has no variables and headers but its own.
 */
export function withPasted(
  fields: Fields,
  pasted: PastedServer,
  name: string,
  whole: boolean,
): Fields {
  return {
    ...fields,
    name,
    kind: pasted.kind,
    command: pasted.command,
    url: pasted.url,
    env: whole || pasted.env.length > 0 ? pasted.env : fields.env,
    headers: whole || pasted.headers.length > 0 ? pasted.headers : fields.headers,
    cwd: pasted.cwd ?? fields.cwd,
    callTimeout:
      pasted.callTimeout === undefined ? fields.callTimeout : String(pasted.callTimeout / 1000),
    poolSize: pasted.poolSize === undefined ? fields.poolSize : String(pasted.poolSize),
    sharing: pasted.sharing ?? fields.sharing,
    description: pasted.description ?? fields.description,
    enabled: pasted.enabled ?? fields.enabled,
  };
}

/** Whether the two say the same. */
export function sameFields(a: Fields, b: Fields): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether a value of this name is better not read by somebody who looks over the shoulder. */
export function isSecretName(name: string): boolean {
  return /key|token|secret|passw|pwd|passphrase|credential|auth|cookie|signature|dsn|(^|[_-])pat($|[_-])/i.test(
    name,
  );
}

/** `KEY=value` lines, as in an .env file; null where the text is something else. */
export function readVariables(text: string): Pair[] | null {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^export\s+/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line) => /^([A-Za-z_][\w.-]*)\s*=\s*([\s\S]*)$/.exec(line));
  if (pairs.length === 0 || pairs.includes(null)) return null;
  return pairs.map((pair) => ({
    name: pair?.[1] ?? '',
    value: (pair?.[2] ?? '').replace(/^(["'])([\s\S]*)\1$/, '$2'),
  }));
}

function toAuth(form: AuthForm | null): AuthFields {
  return {
    on: form !== null,
    clientId: form?.clientId ?? '',
    clientSecret: form?.clientSecret ?? '',
    scope: form?.scope ?? '',
    authorizationServer: form?.authorizationServer ?? '',
  };
}

function fromAuth(fields: AuthFields): AuthForm | null {
  if (!fields.on) return null;
  return {
    clientId: orNull(fields.clientId),
    clientSecret: orNull(fields.clientSecret),
    scope: orNull(fields.scope),
    authorizationServer: orNull(fields.authorizationServer),
  };
}

function namingOf(form: ServerForm): NamingChoice {
  if (!form.stripPrefix || form.prefix === '') return 'none';
  return form.prefix === null ? 'default' : 'own';
}

function naming(
  fields: Fields,
  base: ServerForm | null,
): Pick<ServerForm, 'prefix' | 'stripPrefix'> {
  // Two ways to write "no prefix" exist; the one that the file uses stays.
  if (base !== null && fields.naming === 'none' && namingOf(base) === 'none') {
    return { prefix: base.prefix, stripPrefix: base.stripPrefix };
  }
  if (fields.naming === 'none') return { prefix: '', stripPrefix: true };
  const own = fields.naming === 'own' && fields.prefix.trim() !== '';
  return { prefix: own ? fields.prefix.trim() : null, stripPrefix: true };
}

/** null for an empty text, NaN for one that is no number above zero. */
function number(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  return /^\d+([.,]\d+)?$/.test(trimmed) ? Number(trimmed.replace(',', '.')) || NaN : NaN;
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

/** Rows that were opened and never filled in are no arguments. */
function withoutEmptyEnd(command: string[]): string[] {
  const last = command.findLastIndex((word) => word !== '');
  return command.slice(0, last + 1);
}

function named(pairs: Pair[]): Pair[] {
  return pairs
    .map(({ name, value }) => ({ name: name.trim(), value }))
    .filter(({ name, value }) => name !== '' || value !== '');
}

function names(list: string[]): string[] {
  return list.map((name) => name.trim()).filter((name) => name !== '');
}
