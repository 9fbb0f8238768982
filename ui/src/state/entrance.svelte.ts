/** How a browser gets in: with what its address brought. */

import { redeemCode } from '../api/gateway';
import { keepToken, takeFromAddress } from '../api/token';
import { RefusedError } from '../api/transport';
import { feed } from './feed.svelte';

class Entrance {
  /** The address brought a code that is not (or no longer) worth a token. */
  spent = $state(false);
}

export const entrance = new Entrance();

/** Uses what the address brings, if it brings anything; also when it is pasted into a tab that is open. */
export async function enter(): Promise<void> {
  const credential = takeFromAddress();
  if (credential === null) return;
  entrance.spent = false;
  try {
    keepToken('token' in credential ? credential.token : await redeemCode(credential.code));
  } catch (error) {
    // Without a gateway the feed says so; what it needs then is an address with a fresh code.
    entrance.spent = error instanceof RefusedError;
  }
  feed.refresh();
}
