/** The time for what is told relative to it: the gateway's, because its times are told. */

import { feed } from './feed.svelte';

/** In seconds since 1970; goes on by itself while the gateway is heard. */
export const now = (): number => Math.floor((feed.pulse?.at ?? Date.now()) / 1000);
