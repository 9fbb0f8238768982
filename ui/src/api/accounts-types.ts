/** The shapes of the admin API about accounts, clients with access, and secrets. Times are seconds since 1970. */

import type { Words } from './types';

/** Where a sign-in at a provider stands. */
export type AccountState = 'signedOut' | 'signedIn' | 'needsSignIn' | 'signingIn';

/** One user's account at one provider. */
export interface Account {
  /** `aliyun:intl` or `server:<name>`. */
  provider: string;
  title: Words;
  /** Of Alibaba Cloud. */
  site?: 'intl' | 'cn' | null;
  /** The remote server that asks for the sign-in. */
  server?: string | null;
  /** `local` is the owner of this gateway. */
  user: string;
  state: AccountState;
  /** The file gives a token of its own: there is nothing to sign in to. */
  static?: boolean;
  /** Who it is, as the provider identifies it. */
  subject?: string | null;
  /** Who it is, for people. */
  name?: string | null;
  scope?: string | null;
  /** Scopes that a call has lacked; the next sign-in asks for them, too. */
  wanted?: string | null;
  expiresAt?: number | null;
  /** The gateway renews the access by itself. */
  refreshable?: boolean | null;
  /** Why a sign-in is needed. */
  why?: Words | null;
  /** What the configuration lacks before anybody can sign in. */
  misconfigured?: Words | null;
  /** The servers that use it. */
  services: string[];
}

export interface AccountList {
  accounts: Account[];
}

/** A sign-in that has begun and goes on in a browser. */
export interface SignInBegun {
  authorizeUrl: string;
  /** Where the provider sends the answer. */
  redirect: string;
  /** In seconds. */
  expiresIn: number;
}

/** A sign-in whose answer has arrived. */
export interface SignInDone {
  provider: string;
  name?: string | null;
}

/** A client that asks the owner of this machine for access. */
export interface Approval {
  id: string;
  /** Shown in the client's browser, too. */
  code: string;
  clientName: string;
  clientId: string;
  redirectHost: string;
  /** The endpoint that it asks for; none is all of them. */
  resource?: string | null;
  expiresAt: number;
}

export interface ApprovalList {
  approvals: Approval[];
}

/** Access that a client has. */
export interface Grant {
  id: string;
  user: string;
  clientName: string;
  clientId: string;
  resource?: string | null;
  created: number;
  lastUsed?: number | null;
  expiresAt?: number | null;
}

export interface GrantList {
  grants: Grant[];
}

/** A token that was made by hand. Nobody can read it a second time. */
export interface NewGrant {
  id: string;
  token: string;
}

/** Where the key is that seals the secrets. */
export type KeyPlace = 'unused' | 'keychain' | 'passphrase' | 'variable' | 'keyFile' | 'locked';

/** A secret's name; its value stays in the gateway. */
export interface SecretEntry {
  name: string;
  changed: number;
  /** The servers whose settings name it. */
  usedBy: string[];
}

/** A value in the configuration file that looks like a secret. */
export interface PlainSecret {
  server: string;
  /** `env`, `headers`, `url` or `command`. */
  place: string;
  name: string;
  /** The name that it would be kept under. */
  suggested: string;
}

export interface Secrets {
  key: { where: KeyPlace; notice?: Words | null };
  secrets: SecretEntry[];
  plain: PlainSecret[];
}

/** The services of Alibaba Cloud after one was added. */
export interface ServiceAdded {
  success: boolean;
  alias: string;
  path: string;
}

/** A service of Alibaba Cloud to be added. What is left out stays as the file says. */
export interface NewService {
  alias: string;
  path: string;
  site?: 'intl' | 'cn';
  clientId?: string;
}
