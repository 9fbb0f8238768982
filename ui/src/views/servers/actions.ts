/** What can be done with a server from anywhere, each told to the reader with its outcome. */

import { enableServer, removeServer, restartServer } from '../../api/gateway';
import type { Saved } from '../../api/types';
import { t } from '../../i18n';
import { tellError, tellSaved } from '../../state/outcome';
import { toasts } from '../../state/toasts.svelte';

/** Each resolves to whether it happened. */
export const restart = (name: string): Promise<boolean> =>
  told(async () => {
    await restartServer(name);
    toasts.show(t().servers.actions.restarted(name));
  });

export const remove = (name: string): Promise<boolean> =>
  saved(
    () => removeServer(name),
    () => t().servers.actions.removed(name),
  );

export const enable = (name: string, on: boolean): Promise<boolean> =>
  saved(
    () => enableServer(name, on),
    () => (on ? t().servers.actions.switchedOn(name) : t().servers.actions.switchedOff(name)),
  );

/** Does what changes the file, and says so (`text` is asked afterwards) with the way back. */
export function saved(change: () => Promise<Saved>, text: () => string): Promise<boolean> {
  return told(async () => {
    const result = await change();
    tellSaved(text(), result);
  });
}

async function told(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}
