/** The sign-ins that this page has begun and that go on in a browser. */

import { beginSignIn, cancelSignIn } from '../api/gateway';
import type { Account, SignInBegun } from '../api/types';
import { openPlace } from '../api/browser';
import { now } from './clock';
import { tellError } from './outcome';

/** One of them, as far as this page knows. */
export interface SignIn extends SignInBegun {
  /** When it is worth nothing any more, in seconds since 1970. */
  until: number;
  /** Whether a browser shows it; if not, the reader has to open the address. */
  shown: boolean;
  /** When somebody had signed in before, in seconds since 1970. */
  before: number | null;
}

/** What became of a sign-in. */
export interface Ended {
  account: Account;
  done: boolean;
  /** Where the answer went. */
  redirect: string;
}

export class SignIns {
  #begun = $state.raw<ReadonlyMap<string, SignIn>>(new Map());
  /** The provider whose sign-in is being prepared. */
  preparing = $state<string | null>(null);

  of(provider: string): SignIn | null {
    return this.#begun.get(provider) ?? null;
  }

  /**
   * Begins one and shows it in a browser. To be called while a click is handled. `before` is
   * when somebody had signed in to this account.
   */
  async begin(provider: string, before: number | null): Promise<void> {
    if (this.preparing !== null) return;
    this.preparing = provider;
    const place = openPlace();
    try {
      const begun = await beginSignIn(provider);
      const shown = await place.show(begun.authorizeUrl);
      const until = now() + begun.expiresIn;
      this.#put(provider, { ...begun, until, shown, before });
    } catch (error) {
      place.drop();
      tellError(error);
    } finally {
      this.preparing = null;
    }
  }

  async cancel(provider: string): Promise<void> {
    this.#put(provider, null);
    try {
      await cancelSignIn(provider);
    } catch (error) {
      tellError(error);
    }
  }

  /** Those that are under way now: what is read from now on says whether they still are. */
  get open(): ReadonlySet<SignIn> {
    return new Set(this.#begun.values());
  }

  /**
   * Looks at `accounts`, read while `open` were under way. Returns which of these have ended.
   * Who was signed in all the time has not signed in by that.
   */
  follow(accounts: readonly Account[], open: ReadonlySet<SignIn>): Ended[] {
    const ended: Ended[] = [];
    for (const account of accounts) {
      const own = account.user === 'local' ? this.of(account.provider) : null;
      if (own === null || !open.has(own) || account.signingIn) continue;
      const done = account.state === 'signedIn' && account.signedInAt !== own.before;
      this.#put(account.provider, null);
      ended.push({ account, done, redirect: own.redirect });
    }
    return ended;
  }

  forget(): void {
    this.#begun = new Map();
    this.preparing = null;
  }

  #put(provider: string, signIn: SignIn | null): void {
    const next = new Map(this.#begun);
    if (signIn === null) next.delete(provider);
    else next.set(provider, signIn);
    this.#begun = next;
  }
}
