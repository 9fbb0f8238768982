/**
 * The only file that speaks HTTP. Everything else asks `request`, which does
 * not care whether the page is in a browser or in the desktop window.
 */

import { inWindow, sendInProcess } from './tauri';
import { token } from './token';
import type { Words } from './types';

/** What came back: a status code as in HTTP and the text of the body. */
export interface Reply {
  status: number;
  body: string;
}

/** Carries one request. Rejects when nobody answered. */
export type Send = (method: string, path: string, body: string | null) => Promise<Reply>;

/** Why there is no answer to show. */
export type Problem =
  /** Nobody answered. */
  | { kind: 'unreachable' }
  /** The browser has no token, or one that is not (or no longer) right. */
  | { kind: 'unauthorized' }
  /** The desktop app is there, but its gateway could not start; it says why. */
  | { kind: 'failed'; cause: Words }
  /** Somebody answered, but not as this page's gateway does. */
  | { kind: 'unreadable'; status: number };

/** A `Problem` on its way to whoever shows it. */
export class RequestError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.kind);
  }
}

/** A gateway on this machine answers in milliseconds; one that hangs is as good as none. */
const PATIENCE_MS = 8000;

/** Asks the gateway for `path` (from its root, as `/api/status`) and reads the JSON of the answer. */
export async function request(
  method: string,
  path: string,
): Promise<{ status: number; json: unknown }> {
  const { status, body } = await (inWindow() ? sendInProcess : sendOverHttp)(
    method,
    path,
    null,
  ).catch((error: unknown) => {
    throw error instanceof RequestError ? error : new RequestError({ kind: 'unreachable' });
  });
  if (status === 401) throw new RequestError({ kind: 'unauthorized' });
  const json = parse(body, status);
  const cause = failure(json);
  if (cause !== null) throw new RequestError({ kind: 'failed', cause });
  return { status, json };
}

function parse(body: string, status: number): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestError({ kind: 'unreadable', status });
  }
}

/** What the shell says on every path when there is no gateway behind it: `{failure: {en, zh}}`. */
function failure(json: unknown): Words | null {
  if (typeof json !== 'object' || json === null || !('failure' in json)) return null;
  return json.failure as Words;
}

const sendOverHttp: Send = async (method, path, body) => {
  const bearer = token();
  if (bearer === null) throw new RequestError({ kind: 'unauthorized' });
  // The page is at <gateway>/ui/, also where a proxy puts the gateway below a path of its own.
  const response = await fetch(new URL(`..${path}`, document.baseURI), {
    method,
    body,
    headers: { Authorization: `Bearer ${bearer}`, Accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: response.status, body: await response.text() };
};
