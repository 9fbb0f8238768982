/**
 * Forms that were left with unsaved changes, kept as long as the page lives. In memory
 * only: they may hold secrets.
 */

import type { ServerDetail } from '../../api/types';
import type { Fields } from './fields';

export interface Draft {
  fields: Fields;
  /** What the form began with; a new server has none. */
  detail: ServerDetail | null;
}

const drafts = new Map<string, Draft>();

export const draftKey = (name: string | null, from: string | null): string =>
  JSON.stringify([name, from]);

export const keepDraft = (key: string, draft: Draft): void => void drafts.set(key, draft);
export const draftOf = (key: string): Draft | undefined => drafts.get(key);
export const dropDraft = (key: string): void => void drafts.delete(key);
