/** The gateway's state as one word with a colour. Pure. */

import type { Outage } from '../api/transport';
import type { Status } from '../api/types';
import type { Messages } from '../i18n/en';
import { gatewayTone, type Tone } from './tone';

export interface Sign {
  tone: Tone;
  word: string;
}

export function signOf(words: Messages, status: Status | null, outage: Outage | null): Sign {
  const { gateway } = words.common;
  if (outage?.kind === 'unreachable') return { tone: 'bad', word: gateway.unreachable };
  if (outage?.kind === 'failed') return { tone: 'bad', word: gateway.failed };
  if (outage?.kind === 'waiting') return { tone: 'busy', word: gateway.connecting };
  if (outage !== null) return { tone: 'warn', word: gateway.unknown };
  if (status === null) return { tone: 'busy', word: gateway.connecting };
  return { tone: gatewayTone[status.state], word: gateway[status.state] };
}
