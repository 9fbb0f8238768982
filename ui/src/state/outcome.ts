/** What a change came to, told to the reader: done with a way back, or refused with the reason. */

import { undoChange } from '../api/gateway';
import { OutageError, RefusedError } from '../api/transport';
import type { DoctorFixed, Saved } from '../api/types';
import { say, t } from '../i18n';
import { toasts } from './toasts.svelte';

/** Says `text`, with Undo where the gateway can take the change back. */
export function tellSaved(text: string, saved: Saved): void {
  const { undo } = saved;
  if (undo === null) toasts.show(text);
  else toasts.show(text, { label: t().common.undo, run: () => takeBack(undo) });
  for (const notice of saved.notices) toasts.show(plain(say(notice)));
}

/** Says what the doctor did, with Undo where it changed the configuration; `after` follows that. */
export function tellFixed(fixed: DoctorFixed, after: () => void | Promise<void>): void {
  const text = plain(say(fixed.said));
  const { undo } = fixed;
  if (undo === null) toasts.show(text);
  else {
    const run = async () => {
      await takeBack(undo);
      await after();
    };
    toasts.show(text, { label: t().common.undo, run });
  }
}

/** Says why something did not happen. Rethrows what is nobody's refusal but a mistake of the page. */
export function tellError(error: unknown): void {
  toasts.fail(wordsOf(error));
}

/** The reason of a refusal or an outage in the reader's language, with its remedy. */
export function wordsOf(error: unknown): string {
  if (error instanceof RefusedError) {
    const { message, remedy } = error.problem;
    return plain(remedy === null ? say(message) : t().common.sentences(say(message), say(remedy)));
  }
  if (error instanceof OutageError) {
    const { outage } = error;
    if (outage.kind === 'failed') return plain(say(outage.cause));
    if (outage.kind === 'waiting') return plain(say(outage.what));
    return t().common.outage[outage.kind];
  }
  throw error;
}

async function takeBack(undo: string): Promise<void> {
  try {
    await undoChange(undo);
    toasts.show(t().common.undone);
  } catch (error) {
    tellError(error);
  }
}

/** The gateway marks code with backticks; a message in one line goes without. */
const plain = (text: string) => text.replaceAll('`', '');
