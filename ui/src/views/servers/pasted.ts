/** The servers that a pasted text describes: the words that its readers share. */

import type { Pair } from '../../api/types';
import { suggestName } from './suggestName';

/** One server as the pasted text describes it. What it does not mention is not there. */
export interface PastedServer {
  /** The name that the text gives it, or one that its command or address suggests. */
  name: string;
  kind: 'local' | 'remote';
  command: string[];
  url: string;
  env: Pair[];
  headers: Pair[];
  cwd?: string;
  callTimeout?: number;
  poolSize?: number;
  sharing?: 'shared' | 'session';
  description?: string;
  enabled?: boolean;
}

export type Pasted =
  | { kind: 'empty' }
  /** A plain command line. `open`: with a quote that is not closed. */
  | { kind: 'command'; server: PastedServer; open: boolean }
  | { kind: 'url'; server: PastedServer }
  /** A snippet of JSON or a client's command. It may describe several servers. */
  | { kind: 'snippet'; servers: PastedServer[] }
  /** Begins as JSON does and is not JSON. */
  | { kind: 'brokenJson' }
  /** JSON in which no server can be found. */
  | { kind: 'noServer' };

/** A server with empty parts where `parts` has none, and a suggested name where it has none. */
export function pastedServer(parts: Partial<PastedServer>): PastedServer {
  const server = { name: '', kind: 'local' as const, command: [], url: '', env: [], headers: [] };
  const whole = { ...server, ...parts };
  return { ...whole, name: whole.name || suggestName(whole) };
}

/** `http://…` or `https://…` alone on its line. */
export function isAddress(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text);
}
