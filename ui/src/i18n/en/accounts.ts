/** What the screen about accounts, clients with access and secrets says. Text between backticks is code. */

import { one } from './common';

export const accounts = {
  intro:
    'Who you are at the services behind your servers, which clients may use them, and the secrets kept for them.',
  again: 'Try again',
  waiting: (n: number) => `${one(n, 'thing')} waiting for you`,
  signIn: 'Sign in',
  signInTo: (title: string) => `Sign in to ${title}`,

  site: { intl: 'Alibaba Cloud International', cn: 'Alibaba Cloud China site' },

  yours: 'Your accounts',
  yoursIntro: 'Used for calls that you and your clients make.',
  unread: 'The accounts could not be read.',

  state: {
    signedOut: 'Not signed in',
    signedIn: 'Signed in',
    needsSignIn: 'Needs sign-in',
    signingIn: 'Signing in',
    static: 'Fixed token',
    misconfigured: 'Not set up',
  },

  who: 'Account',
  whoUnknown: 'The provider does not say who it is.',
  scope: 'Scope',
  access: 'Access',
  accessRenewed: (when: string) => `Renewed by itself, next ${when}`,
  accessRenewedSoon: 'Is being renewed by itself',
  accessEnds: (when: string) => `Ends ${when}; then you sign in again`,
  accessEnded: (when: string) => `Ended ${when}`,
  accessLasting: 'Does not expire',
  more: 'A tool needed more than this account was allowed. Authorize again to allow:',
  usedBy: 'Used by',
  usedByNone: 'No server uses it now.',
  staticHint:
    'The configuration file gives a token (`mcpServer.token`), so there is nothing to sign in to. To sign in with the browser instead, remove it there.',
  authorize: 'Authorize',
  authorizeAt: (title: string) => `Authorize: ${title}`,
  authorizeHint:
    'Opens your browser. You sign in there; the gateway never sees your password and keeps what it gets encrypted.',
  opening: 'Opening …',
  lackFor: 'Cannot be used without it:',
  open: 'Open Accounts',
  openFor: (title: string) => `Open Accounts: ${title}`,

  progress: {
    prepared: 'Waiting for your browser',
    shown: 'The sign-in page is open in your browser. Sign in there and come back.',
    notShown: 'No browser could be opened from here. Open this address yourself:',
    elsewhere: 'A sign-in has begun in another window. Finish it there, or cancel it.',
    address: 'Address of the sign-in',
    ends: (when: string) => `It can be finished until ${when}.`,
    over: 'Its time is over. Cancel it and begin again.',
    cancel: 'Cancel the sign-in',
    again: 'Open it again',
    stuck: 'The browser did not come back?',
    stuckHint: (redirect: string) =>
      `After the sign-in it goes to ${redirect}. If that shows an error, or the browser is on another machine, copy the whole address from its address bar and paste it here.`,
    answer: 'Address at which the browser ended',
    deliver: 'Finish the sign-in',
  },
  signedInAs: (title: string, who: string) =>
    who === '' ? `Signed in: ${title}.` : `Signed in: ${title}, as ${who}.`,
  notSignedIn: (title: string) => `The sign-in did not come to an end: ${title}.`,

  signOut: 'Sign out',
  signOutOf: (title: string) => `Sign out: ${title}`,
  signOutAsk: (title: string) => `Sign out: ${title}?`,
  signOutHint:
    'The access is revoked at the provider and forgotten here; the servers that use it stop working until you sign in again. There is no undo.',
  signedOut: (title: string) => `Signed out: ${title}.`,

  empty: 'Nothing needs an account yet',
  emptyHint:
    'Servers on this machine need none. A service of Alibaba Cloud does, and so does a remote server that asks you to sign in: add one, and its account appears here.',
  addRemote: 'Add a remote server',

  add: {
    title: 'Add a service of Alibaba Cloud',
    intro: 'An OpenAPI MCP server. Its console shows the path; the whole address works as well.',
    site: 'Site',
    siteHint: 'The one where your account is.',
    alias: 'Name',
    aliasHint: 'Short and unique, such as `ecs`. Clients reach it at `/NAME/mcp`.',
    path: 'Path',
    pathHint: 'Such as `/mcp` (core edition) or `/id/…/mcp` (custom edition).',
    pathFault: 'Write the path, beginning with `/`, or the whole address from the console.',
    pathElsewhere: (site: string) =>
      `This address belongs to another site than the services that you have (${site}). A gateway serves one site.`,
    client: 'Client id',
    clientHint:
      'Of the OAuth application (native application) in your RAM console. Empty: the one in your configuration file.',
    submit: 'Add service',
    adding: 'Adding …',
    added: (alias: string) => `${alias} is added.`,
  },

  others: 'Other people',
  othersIntro: 'They signed in themselves. You see that they did, never their data.',
  othersRevoke: 'Revoke',
  othersRevokeOf: (user: string) => `Revoke everything of ${user}`,
  othersAsk: (user: string) => `Revoke everything of ${user}?`,
  othersHint:
    'Their sign-ins end at the providers and here, and all their clients lose access at once. There is no undo; they may sign in again.',
  othersRevoked: (user: string) => `${user} has no access any more.`,

  approvals: 'Clients that ask for access',
  approval: {
    asks: (client: string) => `${client} asks for access`,
    announce: (client: string, code: string) => `${client} asks for access. Code: ${code}.`,
    compare: 'Allow it only if your browser shows the same code now:',
    code: 'Code',
    client: 'Client',
    sentTo: 'Goes back to',
    gets: 'Gets',
    getsAll: 'All tools of all servers, in your name, also with your accounts',
    getsOne: (server: string) => `All tools of ${server}, in your name`,
    ends: (when: string) => `Ends ${when}`,
    allow: 'Allow',
    allowOf: (client: string) => `Allow ${client}`,
    refuse: 'Refuse',
    refuseOf: (client: string) => `Refuse ${client}`,
    allowed: (client: string) => `${client} has access.`,
    refused: (client: string) => `${client} was refused.`,
  },

  grants: 'Clients with access',
  grantsIntro: 'Each has a token of its own, good for this gateway only.',
  grantsUnread: 'The list of clients could not be read.',
  grantsEmpty:
    'No client has a token yet. One that needs an account asks by itself when it connects; for others make one here.',
  grant: {
    all: 'All servers',
    only: (server: string) => `Only ${server}`,
    of: (user: string) => `for ${user}`,
    used: (when: string) => `last used ${when}`,
    unused: 'never used',
    created: (when: string) => `since ${when}`,
    ends: (when: string) => `ends ${when}`,
    revoke: 'Revoke',
    revokeOf: (client: string) => `Revoke the access of ${client}`,
    ask: (client: string) => `Revoke the access of ${client}?`,
    hint: 'Its calls are refused from now on. There is no undo; it may ask again.',
    revoked: (client: string) => `${client} has no access any more.`,
  },
  token: {
    create: 'Create a token',
    label: 'What is it for?',
    labelHint: 'Such as the client and the machine: “Claude Code on the laptop”.',
    submit: 'Create',
    creating: 'Creating …',
    once: 'This is the only time that the token is shown. Copy it now.',
    token: 'Token',
    claude: 'Add to Claude Code',
    done: 'I have copied it',
  },

  secrets: 'Secrets',
  secretsIntro: 'Kept encrypted. A setting names one as `${secret:NAME}`.',
  secretsUnread: 'The secrets could not be read.',
  secretsEmpty: 'No secret is kept yet.',
  key: {
    unused: 'The key is made with the first secret or sign-in that is kept.',
    keychain: 'The key lies in the keychain of this system.',
    passphrase: 'The key comes from your passphrase (`MCP_GATEWAY_PASSPHRASE`).',
    variable: 'The key comes from the variable `MCP_GATEWAY_KEY`.',
    keyFile: 'The key lies in a file beside the secrets',
    keyFileHint:
      'No keychain was found. Only you can read that file, but so can whoever gets a copy of your data. Safer: unlock or install a keychain, or start the gateway with `MCP_GATEWAY_PASSPHRASE`.',
    locked: 'The key cannot be reached now',
    lockedHint:
      'Until then, secrets and sign-ins cannot be used. Unlock the keychain, or start the gateway with the passphrase or key that it had before, then try again.',
  },
  secret: {
    changed: (when: string) => `changed ${when}`,
    usedBy: 'used by',
    unused: 'no server names it',
    replace: 'Replace',
    replaceOf: (name: string) => `Replace ${name}`,
    remove: 'Remove',
    removeOf: (name: string) => `Remove ${name}`,
    ask: (name: string) => `Remove ${name}?`,
    hint: 'Its value is gone for good; there is no undo.',
    hintUsed: (n: number) =>
      `Its value is gone for good; there is no undo. ${one(n, 'server')} would not start any more.`,
    removed: (name: string) => `${name} is removed.`,
    add: 'Add a secret',
    name: 'Name',
    nameHint: 'Letters, digits, `_`, `-` and `.`, such as `GITHUB_TOKEN`.',
    value: 'Value',
    valueOf: (name: string) => `New value of ${name}`,
    show: 'Show the value',
    save: 'Keep it',
    saving: 'Keeping it …',
    kept: (name: string) => `${name} is kept.`,
  },
  plain: {
    title: (n: number) =>
      n === 1
        ? 'One secret stands in the configuration file as plain text'
        : `${n} secrets stand in the configuration file as plain text`,
    hint: 'Whoever sees the file sees them. They can be moved here; the file then only names them. Nothing else in it changes.',
    from: 'Stands in',
    to: 'Becomes',
    move: (n: number) => (n === 1 ? 'Move it out of the file' : `Move ${n} out of the file`),
    moving: 'Moving …',
    moved: (n: number) => `${one(n, 'secret')} moved out of the file.`,
  },
};
