/** Which colour a state has. Words always stand beside it: colour alone says nothing to some. */

import type { AccountState } from '../api/types';
import type { GatewayState, ServerState } from '../api/types';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'off';

export const gatewayTone: Record<GatewayState, Tone> = {
  ok: 'good',
  initializing: 'busy',
  degraded: 'warn',
};

export const serverTone: Record<ServerState | 'needsSignIn', Tone> = {
  ready: 'good',
  degraded: 'warn',
  starting: 'busy',
  failing: 'bad',
  needsSignIn: 'warn',
  stopped: 'off',
  disabled: 'off',
};

export const accountTone: Record<AccountState, Tone> = {
  signedIn: 'good',
  signingIn: 'busy',
  needsSignIn: 'warn',
  signedOut: 'off',
};
