/** Movement, for those who want any. */

/** `params` of a transition, or none of its time for a reader who prefers reduced motion. */
export function still<T extends { duration: number }>(params: T): T {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
    ? { ...params, duration: 0 }
    : params;
}
