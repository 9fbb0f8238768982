/** The catalogue of the reader's language. Reading it in a component follows the language switch. */

import type { Words } from '../api/types';
import { preferences, type Language } from '../state/preferences.svelte';
import { en, type Messages } from './en';
import { zh } from './zh';

const catalogues: Record<Language, Messages> = { en, zh };

/** All texts of the page. */
export function t(): Messages {
  return catalogues[preferences.language];
}

/** A text that the gateway wrote in both languages. */
export function say(words: Words): string {
  return words[preferences.language];
}

/** How long, in the two largest units that matter; seconds are noise. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return t().common.durationShort;
  const hours = Math.floor(minutes / 60);
  return t().common.duration(Math.floor(hours / 24), hours % 24, minutes % 60);
}

/** A time of day as the reader's language writes it. */
export function timeOfDay(time: Date): string {
  return time.toLocaleTimeString(preferences.language === 'zh' ? 'zh-CN' : 'en', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}
