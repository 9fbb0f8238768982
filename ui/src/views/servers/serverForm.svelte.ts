/** One form while it is open: what was typed, what the gateway thinks of it, and saving it. */

import { addServer, readServer, saveServer } from '../../api/gateway';
import { RefusedError } from '../../api/transport';
import type { Problem, Saved, ServerDetail, ServerForm } from '../../api/types';
import { say, t } from '../../i18n';
import { wordsOf } from '../../state/outcome';
import { draftKey, draftOf, dropDraft, keepDraft } from './drafts';
import { emptyFields, sameFields, toFields, toForm, type FieldName, type Fields } from './fields';
import { freeName } from './suggestName';

/** By field; the empty name is the form as a whole. */
export type Errors = Partial<Record<FieldName | '', string>>;

/** What the file says now, where it was changed meanwhile. `current` is null where it has no such server. */
export interface Conflict {
  current: ServerDetail | null;
  revision: string | null;
}

export class FormState {
  fields = $state<Fields>(emptyFields());
  /** What is wrong, in the language of the moment. */
  readonly errors: Errors = $derived.by(() =>
    Object.fromEntries(Object.entries(this.#wrong).map(([field, text]) => [field, text()])),
  );
  conflict = $state.raw<Conflict | null>(null);
  saving = $state(false);
  /** What is shown is a draft of before. */
  kept = $state(false);
  /** What the form began with. */
  detail = $state.raw<ServerDetail | null>(null);

  #wrong = $state.raw<Partial<Record<FieldName | '', () => string>>>({});
  #initial: Fields = emptyFields();
  #revision: string | null = null;
  readonly #key: string;
  #done = false;

  /** A form for a new server, perhaps a copy `from` another, or for the one called `name`. */
  constructor(
    readonly name: string | null,
    readonly from: string | null,
  ) {
    this.#key = draftKey(name, from);
  }

  /** Reads what the form begins with. `revision` and `taken` are for a new server. */
  async load(revision: string | null, taken: readonly string[]): Promise<void> {
    const source = this.name ?? this.from;
    const draft = draftOf(this.#key);
    if (draft !== undefined) this.detail = draft.detail;
    else if (source !== null) this.detail = await readServer(source);
    this.#initial = this.#first(taken);
    // A draft stays at the revision that it began with, so that a conflict is found.
    this.#revision = this.name === null ? revision : (this.detail?.revision ?? null);
    this.fields = draft?.fields ?? structuredClone(this.#initial);
    this.kept = draft !== undefined;
  }

  /** Whether there is anything to lose. */
  get dirty(): boolean {
    return !sameFields($state.snapshot(this.fields), this.#initial);
  }

  /** What would be sent now. */
  get form(): ServerForm {
    return toForm($state.snapshot(this.fields), this.detail?.form ?? null).form;
  }

  /** Forgets what was typed. */
  reset(): void {
    dropDraft(this.#key);
    this.fields = structuredClone(this.#initial);
    this.#wrong = {};
    this.kept = false;
  }

  /** The form is left: what was typed is offered again the next time. */
  leave(): void {
    if (this.#done || !this.dirty) dropDraft(this.#key);
    else keepDraft(this.#key, { fields: $state.snapshot(this.fields), detail: this.detail });
  }

  /** Whether every field means something; if not, `errors` says which do not. */
  check(): boolean {
    const { faults } = toForm($state.snapshot(this.fields), this.detail?.form ?? null);
    this.#wrong = Object.fromEntries(
      Object.entries(faults).map(([field, fault]) => [field, () => t().servers.form[fault]]),
    );
    return Object.keys(faults).length === 0;
  }

  /** Saves what was typed. null: it was refused, and `errors` or `conflict` say why. */
  save(): Promise<Saved | null> {
    return this.check() ? this.#send(this.form, this.#revision) : Promise.resolve(null);
  }

  /** Saves what came of a conflict, over the revision that it was shown for. */
  saveOver(form: ServerForm, { current, revision }: Conflict): Promise<Saved | null> {
    this.fields = toFields(form);
    if (this.name !== null && current !== null) this.detail = current;
    this.#revision = revision;
    this.conflict = null;
    return this.#send(form, revision);
  }

  /** Adds the server anew that the file no longer lists. */
  addAgain(): Promise<Saved | null> {
    const revision = this.conflict?.revision ?? null;
    this.conflict = null;
    return this.#settle(() => addServer(revision, this.form));
  }

  /** What the gateway says is wrong with the fields. */
  refuse(problem: Problem): void {
    const said = (wanted: FieldName | '') =>
      problem.fields.filter(({ field }) => known(field) === wanted);
    this.#wrong =
      problem.fields.length === 0
        ? { '': () => wordsOf(new RefusedError(problem)) }
        : Object.fromEntries(
            problem.fields.map(({ field }) => [
              known(field),
              () =>
                said(known(field))
                  .map(({ message }) => say(message))
                  .join('\n'),
            ]),
          );
  }

  #send(form: ServerForm, revision: string | null): Promise<Saved | null> {
    const { name } = this;
    return this.#settle(() =>
      name === null ? addServer(revision, form) : saveServer(name, revision, form),
    );
  }

  async #settle(send: () => Promise<Saved>): Promise<Saved | null> {
    if (this.saving) return null;
    this.saving = true;
    this.#wrong = {};
    try {
      const saved = await send();
      this.#done = true;
      return saved;
    } catch (error) {
      if (!(error instanceof RefusedError)) this.#wrong = { '': () => wordsOf(error) };
      else if (error.problem.code === 'conflict') {
        const { current, revision } = error.problem;
        this.conflict = { current, revision };
      } else this.refuse(error.problem);
      return null;
    } finally {
      this.saving = false;
    }
  }

  #first(taken: readonly string[]): Fields {
    if (this.detail === null) return emptyFields();
    const fields = toFields(this.detail.form);
    return this.name === null ? { ...fields, name: freeName(fields.name, taken) } : fields;
  }
}

/** The field of the form that a name such as `env.TOKEN` belongs to. */
function known(field: string): FieldName | '' {
  const own = field.split(/[.[]/, 1)[0] ?? '';
  if (own === 'stripPrefix') return 'prefix';
  return own in emptyFields() ? (own as FieldName) : '';
}
