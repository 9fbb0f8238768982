/** Moments as people say them. Pure, but for the language. */

import { preferences } from '../../state/preferences.svelte';

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

const locale = () => (preferences.language === 'zh' ? 'zh-CN' : 'en');

/** How far `at` is from `now`, both in seconds: “in 5 minutes”, “3 days ago”, “now”. */
export function fromNow(at: number, now: number): string {
  const away = at - now;
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  for (const [unit, seconds] of UNITS) {
    if (Math.abs(away) >= seconds) return words.format(Math.trunc(away / seconds), unit);
  }
  // Seconds are noise, but the future is not the past.
  return away > 0 ? words.format(1, 'minute') : words.format(0, 'second');
}

/** The moment itself, in seconds since 1970, with day and time. */
export function momentOf(at: number): string {
  return new Date(at * 1000).toLocaleString(locale(), { dateStyle: 'long', timeStyle: 'short' });
}

/** Hours and minutes alone. */
export function clockTime(at: number): string {
  return new Date(at * 1000).toLocaleTimeString(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
}
