/** How a browser gets in: with what its address brought. */

import { redeemCode } from '../api/gateway';
import { keepToken, takeFromAddress } from '../api/token';
import { OutageError, RefusedError } from '../api/transport';
import { t } from '../i18n';
import { feed } from './feed.svelte';
import { preferences } from './preferences.svelte';
import { toasts } from './toasts.svelte';

class Entrance {
  /** A code is on its way to become a token: nothing can be asked yet. */
  pending = $state(false);
  /** The address brought a code that is not (or no longer) worth a token. */
  spent = $state(false);

  /** Uses what the address brings, if it brings anything; also when it is pasted into a tab that is open. */
  async enter(): Promise<void> {
    const brought = new URLSearchParams(location.hash.slice(1));
    const credential = takeFromAddress();
    if (credential === null) return;
    unpack(brought);
    this.spent = false;
    if ('token' in credential) keepToken(credential.token);
    else await this.#redeem(credential.code);
    feed.refresh();
  }

  async #redeem(code: string): Promise<void> {
    this.pending = true;
    try {
      keepToken(await redeemCode(code));
    } catch (error) {
      // Without a gateway the feed says so; what it needs then is an address with a fresh code.
      this.spent =
        error instanceof RefusedError ||
        (error instanceof OutageError && error.outage.kind === 'unauthorized');
    } finally {
      this.pending = false;
    }
  }
}

/** What a page brought along when the gateway moved to another port. */
function unpack(brought: URLSearchParams): void {
  const [language, theme, port] = ['language', 'theme', 'port'].map((name) => brought.get(name));
  if (language === 'en' || language === 'zh') preferences.languageChoice = language;
  if (theme === 'light' || theme === 'dark') preferences.theme = theme;
  if (port) toasts.show(t().settings.portSaved(Number(port)));
}

export const entrance = new Entrance();
