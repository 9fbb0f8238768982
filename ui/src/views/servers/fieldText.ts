/** What a field of a server says, as text for a reader. */

import type { Defaults, Pair, ServerForm } from '../../api/types';
import type { Messages } from '../../i18n/en';
import { isSecretName, type FieldName } from './fields';
import { joinCommand } from './shell';

export interface TextOptions {
  /** What applies where the file does not say; without it "not set" is said. */
  defaults?: Defaults;
  /** Whether values that look secret are shown. */
  secrets: boolean;
}

/** The lines of `field`. `code`: they are names, paths or values and not words. */
export function fieldText(
  form: ServerForm,
  field: FieldName,
  words: Messages['servers'],
  { defaults, secrets }: TextOptions,
): { lines: string[]; code: boolean } {
  const plain = (text: string) => ({ lines: [text], code: false });
  const code = (lines: string[]) =>
    lines.length === 0 ? plain(words.value.none) : { lines, code: true };
  const number = (value: number | null, standard: number | undefined, unit: string) => {
    if (value !== null) return plain(`${value}${unit}`);
    return plain(
      standard === undefined ? words.value.none : words.value.standard(`${standard}${unit}`),
    );
  };
  const pairs = (list: Pair[]) =>
    code(
      list.map(({ name, value }) => {
        const hidden = !secrets && isSecretName(name) && value !== '';
        return `${name}=${hidden ? words.value.secret : value}`;
      }),
    );

  switch (field) {
    case 'name':
      return code([form.name]);
    case 'kind':
      return form.kind === 'local'
        ? code(form.command.length === 0 ? [] : [joinCommand(form.command)])
        : code(form.url === null ? [] : [form.url]);
    case 'command':
      return code(form.command.length === 0 ? [] : [joinCommand(form.command)]);
    case 'url':
    case 'cwd': {
      const value = form[field];
      return code(value === null ? [] : [value]);
    }
    case 'env':
    case 'headers':
      return pairs(form[field]);
    case 'callTimeout':
      return number(
        form.callTimeout === null ? null : form.callTimeout / 1000,
        defaults && defaults.callTimeout / 1000,
        ` ${words.seconds}`,
      );
    case 'poolSize':
      return number(form.poolSize, defaults?.poolSize, '');
    case 'sharing':
      return plain(words[form.sharing]);
    case 'prefix':
    case 'stripPrefix':
      if (!form.stripPrefix || form.prefix === '') return plain(words.value.noPrefix);
      if (form.prefix !== null) return code([`${form.prefix}_…`]);
      return plain(words.value.standard(`${defaults?.prefix ?? form.name}_…`));
    case 'rename':
      return code(form.rename.map(({ tool, name }) => `${tool} → ${name}`));
    case 'include':
      if (form.include === null) return plain(words.value.allTools);
      return form.include.length === 0 ? plain(words.value.noTools) : code(form.include);
    case 'exclude':
      return form.exclude.length === 0 ? plain(words.value.noTools) : code(form.exclude);
    case 'description':
      return plain(form.description ?? words.value.none);
    case 'auth': {
      if (form.auth === null) return plain(words.auth.none);
      const { clientId, scope, authorizationServer } = form.auth;
      const known = [clientId, scope, authorizationServer].filter((text) => text !== null);
      return { lines: [words.auth.oauth, ...known], code: false };
    }
    case 'enabled':
      return plain(form.enabled ? words.value.on : words.value.off);
  }
}
