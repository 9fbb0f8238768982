/** What is done on this screen, told to the reader, and what it changed read again. */

import { accounts } from '../../state/accounts.svelte';
import { tellError } from '../../state/outcome';
import { toasts } from '../../state/toasts.svelte';

/** Does `change` and says `done`; where it is refused, says why. Resolves to whether it happened. */
export async function act(change: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await change();
    toasts.show(done);
    return true;
  } catch (error) {
    tellError(error);
    return false;
  } finally {
    await accounts.refresh();
  }
}
