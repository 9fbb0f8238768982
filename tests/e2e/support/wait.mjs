/** Waiting for conditions, never for time. */

import { setTimeout as pause } from 'node:timers/promises';

/** Longer than anything here may take on a busy two-core machine. */
export const SOON_MS = Number(process.env.SOON_MS ?? 45_000);

/**
 * Asks `condition` until it gives something true, and returns that. A
 * condition that throws is not there yet; its last reason is in the failure.
 */
export async function until(what, condition, within = SOON_MS) {
  const deadline = Date.now() + within;
  let reason;
  for (;;) {
    try {
      const found = await condition();
      if (found) return found;
      reason = undefined;
    } catch (error) {
      reason = error;
    }
    if (Date.now() > deadline) {
      // A runner does not always print a cause.
      const why = reason === undefined ? '' : ` (${reason.message})`;
      throw new Error(`waited in vain: ${what}${why}`, { cause: reason });
    }
    await pause(25);
  }
}
