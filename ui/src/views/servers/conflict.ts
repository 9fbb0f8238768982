/** Two people changed one server: what differs, and what comes of a choice. */

import type { ServerForm } from '../../api/types';
import type { FieldName } from './fields';

/** Whose value a field gets. */
export type Side = 'file' | 'mine';

/** Something that the file and the form say differently. */
export interface Difference {
  /** What it is called: its first field. */
  id: FieldName;
  /** The fields that only make sense together. */
  fields: FieldName[];
  /** Whether the form was changed here, too; else only the file was. */
  both: boolean;
}

const FIELDS: FieldName[] = [
  'name',
  'kind',
  'command',
  'url',
  'env',
  'headers',
  'cwd',
  'callTimeout',
  'poolSize',
  'sharing',
  'prefix',
  'stripPrefix',
  'rename',
  'include',
  'exclude',
  'description',
  'enabled',
  'auth',
];
const CONNECTION: FieldName[] = ['kind', 'command', 'url', 'env', 'headers', 'cwd', 'auth'];
const PREFIX: FieldName[] = ['prefix', 'stripPrefix'];

/**
 * Where the file was changed since `base` and says something else than the form.
 * What only the form changed is no conflict.
 */
export function differences(base: ServerForm, mine: ServerForm, file: ServerForm): Difference[] {
  const changed = (field: FieldName) => !same(base[field], file[field]);
  const differs = (field: FieldName) => !same(mine[field], file[field]);
  // A program cannot be mixed with an address.
  const mixed = mine.kind !== file.kind;
  const groups = [...(mixed ? [CONNECTION] : []), PREFIX];
  const single = FIELDS.filter((field) => !groups.some((group) => group.includes(field)));
  return [...groups, ...single.map((field) => [field])]
    .filter((fields) => fields.some(changed) && fields.some(differs))
    .map((fields) => ({
      id: fields[0] as FieldName,
      fields,
      both: fields.some((field) => !same(base[field], mine[field])),
    }))
    .sort((a, b) => FIELDS.indexOf(a.id) - FIELDS.indexOf(b.id));
}

/** What is chosen before anybody chose: the file's, where the form was not touched. */
export function firstChoices(found: Difference[]): Partial<Record<FieldName, Side>> {
  return Object.fromEntries(
    found.filter((difference) => !difference.both).map(({ id }) => [id, 'file' as const]),
  );
}

/** The form with the file's values where they were chosen. */
export function merged(
  mine: ServerForm,
  file: ServerForm,
  found: Difference[],
  choices: Partial<Record<FieldName, Side>>,
): ServerForm {
  const taken = found
    .filter(({ id }) => choices[id] === 'file')
    .flatMap(({ fields }) => fields.map((field) => [field, file[field]]));
  return { ...mine, ...(Object.fromEntries(taken) as Partial<ServerForm>) };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
