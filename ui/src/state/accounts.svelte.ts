/**
 * Accounts, clients that ask for access, clients that have it, and secrets: read again whenever
 * the gateway says that something about them is new.
 */

import { readAccounts, readApprovals, readGrants, readSecrets } from '../api/gateway';
import { inWindow } from '../api/tauri';
import type { Account } from '../api/types';
import { say, t } from '../i18n';
import { Resource } from './resource.svelte';
import { SignIns, type Ended } from './signIns.svelte';
import { toasts } from './toasts.svelte';

/** The user who owns this gateway. */
export const OWNER = 'local';

export class Accounts {
  readonly accounts = new Resource(readAccounts);
  readonly approvals = new Resource(readApprovals);
  /** Read only while somebody looks. */
  readonly grants = new Resource(readGrants);
  readonly secrets = new Resource(readSecrets);
  readonly signIns = new SignIns();

  #watched = false;

  /** The gateway has answered, be it that it cannot read them: there is a screen for it. */
  get available(): boolean {
    return this.accounts.value !== null || this.accounts.refused;
  }

  /** Accounts of the owner of this gateway. */
  get own(): Account[] {
    return this.accounts.value?.filter((account) => account.user === OWNER) ?? [];
  }

  get others(): Account[] {
    return this.accounts.value?.filter((account) => account.user !== OWNER) ?? [];
  }

  /** Own accounts without which some server cannot work. */
  get wanting(): Account[] {
    return this.own.filter(
      ({ state, services }) =>
        state === 'needsSignIn' || (state !== 'signedIn' && services.length > 0),
    );
  }

  /** How much waits for the owner. */
  get waiting(): number {
    return this.wanting.length + (this.approvals.value?.length ?? 0);
  }

  /** The account that `server` needs and that is not signed in; null where it lacks nothing. */
  lackedBy(server: string): Account | null {
    return this.wanting.find((account) => account.services.includes(server)) ?? null;
  }

  /** Reads again what somebody may be looking at. */
  async refresh(): Promise<void> {
    const { open } = this.signIns;
    const beside = this.#watched ? [this.grants.load(), this.secrets.load()] : [];
    await Promise.all([this.accounts.load(), this.approvals.load(), ...beside]);
    // What could not be read anew says nothing of them.
    if (this.accounts.fault !== null) return;
    for (const ended of this.signIns.follow(this.accounts.value ?? [], open)) tell(ended);
  }

  /** Somebody looks at the whole screen. Returns what ends that. */
  watch(): () => void {
    this.#watched = true;
    void this.refresh();
    return () => {
      this.#watched = false;
    };
  }

  forget(): void {
    for (const one of [this.accounts, this.approvals, this.grants, this.secrets]) one.forget();
    this.signIns.forget();
  }
}

/** What people call the provider of an account. */
export function titleOf(account: Account): string {
  if (account.site === 'intl' || account.site === 'cn') return t().accounts.site[account.site];
  return account.server ?? say(account.title);
}

function tell({ account, done, redirect }: Ended): void {
  // An answer that comes to the app itself is told by the app.
  if (inWindow() && !/^https?:/.test(redirect)) return;
  const title = titleOf(account);
  if (done) toasts.show(t().accounts.signedInAs(title, account.name ?? account.subject ?? ''));
  else if (account.why) {
    toasts.fail(t().common.sentences(t().accounts.notSignedIn(title), say(account.why)));
  } else toasts.fail(t().accounts.notSignedIn(title));
}

export const accounts = new Accounts();
