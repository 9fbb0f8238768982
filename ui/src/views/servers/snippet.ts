/** JSON as READMEs print it for the configuration files of the many clients. */

import type { Pair } from '../../api/types';
import { member, parseJsonc, text, type Json, type Member } from './jsonc';
import { pastedServer, type Pasted, type PastedServer } from './pasted';
import { splitCommand } from './shell';

/** Keys that hold a map (or a list) of servers, each used by some client. */
const MAPS = ['mcpServers', 'servers', 'context_servers', 'mcp', 'mcp_servers', 'amp.mcpServers'];
/** Keys whose presence makes an object a server. */
const PROGRAM = ['command'];
const ADDRESS = ['url', 'serverUrl', 'httpUrl', 'uri', 'endpoint'];
const ENV = ['env', 'environment', 'envs'];
const HEADERS = ['headers', 'http_headers', 'requestInit'];

/** Reads a snippet: a whole file, a piece of one, or one server alone. */
export function fromSnippet(source: string): Pasted {
  // A piece that was cut out of its braces, perhaps with the comma behind it.
  const json = parseJsonc(source) ?? parseJsonc(`{${source.replace(/,\s*$/, '')}}`);
  if (json === null) return { kind: 'brokenJson' };
  const servers = serversIn(json);
  return servers.length > 0 ? { kind: 'snippet', servers } : { kind: 'noServer' };
}

function serversIn(json: Json): PastedServer[] {
  if (json.kind === 'array') return json.items.flatMap((item) => one('', item));
  if (json.kind !== 'object') return [];
  for (const key of MAPS) {
    const map = json.members.find(({ name, value }) => name === key && isServerMap(value));
    if (map) return serversIn(map.value);
  }
  if (isServer(json)) return one('', json);
  return json.members.flatMap(({ name, value }) => one(name, value));
}

/** `mcp` is a map of servers in one client's file and holds a key `servers` in another's. */
function isServerMap(json: Json): boolean {
  if (json.kind === 'array') return true;
  return json.kind === 'object' && !isServer(json);
}

function isServer(json: Json): boolean {
  const command = first(json, PROGRAM);
  const program = command?.kind === 'object' ? member(command, 'path') : command;
  return (program !== undefined && words(program).length > 0) || first(json, ADDRESS) !== undefined;
}

function one(name: string, json: Json): PastedServer[] {
  if (json.kind !== 'object' || !isServer(json)) return [];
  const url = text(first(json, ADDRESS));
  const given = name || (text(member(json, 'name')) ?? text(member(json, 'id')) ?? '');
  const parts: Partial<PastedServer> =
    url === undefined
      ? { kind: 'local', ...program(json) }
      : { kind: 'remote', url: filledIn(url), headers: pairs(headersOf(json)) };
  return [pastedServer({ name: given, ...parts, ...common(json) })];
}

function program(json: Json): Pick<PastedServer, 'command' | 'env' | 'cwd'> {
  const command = first(json, PROGRAM);
  // One client nests program, arguments and variables below "command".
  const nested = command?.kind === 'object' ? command : undefined;
  const holder = nested ?? json;
  const start = words(nested ? member(nested, 'path') : command);
  const args = member(holder, 'args') ?? member(holder, 'arguments');
  const cwd = text(member(json, 'cwd')) ?? text(member(json, 'workingDirectory'));
  return {
    command: [...(args === undefined ? wholeLine(start) : start), ...words(args)].map(filledIn),
    env: pairs(first(holder, ENV)),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

/** A command with spaces and no arguments beside it is a whole command line. */
function wholeLine(command: string[]): string[] {
  const line = command[0] ?? '';
  // A path may have spaces of its own.
  if (command.length !== 1 || !/\s/.test(line) || /^([A-Za-z]:)?[\\/]/.test(line)) return command;
  return splitCommand(line).words;
}

/** What this gateway's own file says beside the connection, and how clients switch a server off. */
function common(json: Json): Partial<PastedServer> {
  const parts: Partial<PastedServer> = {};
  const callTimeout = number(member(json, 'callTimeout'));
  const poolSize = number(member(json, 'poolSize'));
  const sharing = text(member(json, 'sharing'));
  const description = text(member(json, 'description'));
  const enabled = flag(member(json, 'enabled')) ?? not(flag(member(json, 'disabled')));
  if (callTimeout !== undefined) parts.callTimeout = callTimeout;
  if (poolSize !== undefined) parts.poolSize = poolSize;
  if (sharing === 'shared' || sharing === 'session') parts.sharing = sharing;
  if (description !== undefined) parts.description = description;
  if (enabled !== undefined) parts.enabled = enabled;
  return parts;
}

function headersOf(json: Json): Json | undefined {
  const found = first(json, HEADERS);
  return member(found, 'headers') ?? found;
}

function first(json: Json, names: string[]): Json | undefined {
  if (json.kind !== 'object') return undefined;
  return json.members.find((member) => names.includes(member.name))?.value;
}

/** A string, or a list whose strings and numbers are the words. */
function words(json: Json | undefined): string[] {
  if (json?.kind === 'array') return json.items.flatMap((item) => words(item));
  if (json?.kind !== 'plain' || json.value === null || json.value === '') return [];
  return [String(json.value)];
}

function pairs(json: Json | undefined): Pair[] {
  if (json?.kind !== 'object') return [];
  return json.members.flatMap(({ name, value }: Member) =>
    value.kind === 'plain' && name !== ''
      ? [{ name, value: filledIn(value.value === null ? '' : String(value.value)) }]
      : [],
  );
}

/** VS Code asks for `${input:…}` when it starts a server; here the field is left to be filled in. */
function filledIn(value: string): string {
  return value.replace(/\$\{input:[^}]*\}/g, '');
}

function number(json: Json | undefined): number | undefined {
  return json?.kind === 'plain' && typeof json.value === 'number' ? json.value : undefined;
}

function flag(json: Json | undefined): boolean | undefined {
  return json?.kind === 'plain' && typeof json.value === 'boolean' ? json.value : undefined;
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}
