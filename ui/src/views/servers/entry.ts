/** What the configuration file says about one server, as it is written there. */

import { isSecretName } from './fields';
import { member, parseJsonc, text, type Json } from './jsonc';

export interface Entry {
  /** The part of the file that it stands in. */
  part: 'servers' | 'services' | 'mapping' | 'toolFilters';
  source: string;
  /** The same without the values that look secret. */
  masked: string;
}

const MASK = '"••••••"';

/** The server's entry, and what the file says elsewhere about its tools. */
export function entriesOf(file: string, server: string): Entry[] {
  const json = parseJsonc(file);
  if (json === null) return [];
  const list = member(json, 'servers');
  const items = list?.kind === 'array' ? list.items : [];
  const own = items.filter((item) => text(member(item, 'name')) === server);
  return [
    ...own.map((item) => entry('servers', file, item, item.start)),
    ...(['services', 'mapping', 'toolFilters'] as const).flatMap((part) => {
      // Services of Alibaba Cloud stand among what belongs to it.
      const holder = member(part === 'services' ? member(json, 'mcpServer') : json, part);
      const members = holder?.kind === 'object' ? holder.members : [];
      return members
        .filter(({ name }) => name === server)
        .map(({ start, value }) => entry(part, file, value, start));
    }),
  ];
}

function entry(part: Entry['part'], file: string, json: Json, start: number): Entry {
  let masked = '';
  let at = start;
  for (const secret of secrets(json)) {
    masked += file.slice(at, secret.start) + MASK;
    at = secret.end;
  }
  masked += file.slice(at, json.end);
  const indent = /[^\S\n]*$/.exec(file.slice(0, start))?.[0] ?? '';
  return {
    part,
    source: dedented(file.slice(start, json.end), indent),
    masked: dedented(masked, indent),
  };
}

/** The values of variables and headers that look secret, in the order of the text. */
function secrets(json: Json): Json[] {
  return ['env', 'headers']
    .map((name) => member(json, name))
    .flatMap((holder) => (holder?.kind === 'object' ? holder.members : []))
    .filter(({ name, value }) => isSecretName(name) && text(value) !== '')
    .map(({ value }) => value)
    .sort((a, b) => a.start - b.start);
}

function dedented(source: string, indent: string): string {
  return source
    .split('\n')
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join('\n');
}
