/**
 * The only file that speaks HTTP. Everything else asks `request` and `stream`,
 * which do not care whether the page is in a browser or in the desktop window.
 */

import { EventParser } from './sse';
import { inWindow, openInProcess, sendInProcess, type Pieces, type Reply } from './tauri';
import { token } from './token';
import type { Problem, Words } from './types';

/** Why nobody answered as this page's gateway would. */
export type Outage =
  /** Nobody answered. */
  | { kind: 'unreachable' }
  /** The browser has no token, or one that is not (or no longer) right. */
  | { kind: 'unauthorized' }
  /** The desktop app is there, but its gateway could not start; it says why. */
  | { kind: 'failed'; cause: Words }
  /** The desktop app is there, and its gateway starts as soon as something else has ended. */
  | { kind: 'waiting'; what: Words }
  /** Somebody answered, but not as this page's gateway does. */
  | { kind: 'unreadable'; status: number };

/** An `Outage` on its way to whoever shows it. */
export class OutageError extends Error {
  constructor(readonly outage: Outage) {
    super(outage.kind);
  }
}

/** The gateway's own no: it was reached and says why it will not. */
export class RefusedError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.error);
  }
}

/** A gateway on this machine answers in milliseconds; one that hangs is as good as none. */
const PATIENCE_MS = 8000;

/**
 * Asks the gateway for `path` (from its root, as `/api/status`) and reads the JSON of the answer.
 * Rejects with an `OutageError` or a `RefusedError`. Where the gateway itself has to wait
 * for others, `patience` says for how long.
 */
export async function request(
  method: string,
  path: string,
  body?: unknown,
  patience: number = PATIENCE_MS,
): Promise<unknown> {
  const text = body === undefined ? null : JSON.stringify(body);
  const answer = inWindow()
    ? sendInProcess(method, path, text)
    : sendOverHttp(method, path, text, patience);
  const reply = await answer.catch((error: unknown) => {
    throw error instanceof OutageError ? error : new OutageError({ kind: 'unreachable' });
  });
  return readReply(reply);
}

/** One event of a stream, its data read. */
export interface StreamEvent {
  event: string;
  data: unknown;
}

/** What can become of a stream, beside its events. */
export interface StreamEnd {
  /** The answer was accepted; events follow. */
  open?(): void;
  /** It is over, by itself (null) or because of an `OutageError` or a `RefusedError`. */
  end?(error: OutageError | RefusedError | null): void;
}

/**
 * Opens a stream of server-sent events whose data is JSON. Returns what stops it; after that,
 * and after `end`, nothing is called any more.
 */
export function stream(
  method: string,
  path: string,
  body: unknown,
  onEvent: (event: StreamEvent) => void,
  on: StreamEnd = {},
): () => void {
  const parser = new EventParser();
  const text = body === undefined || body === null ? null : JSON.stringify(body);
  let status = 0;
  let refusal = '';
  let over = false;
  const finish = (error: OutageError | RefusedError | null) => {
    if (over) return;
    over = true;
    on.end?.(error);
  };
  const pieces: Pieces = {
    head(code) {
      status = code;
      if (isFine(status) && !over) on.open?.();
    },
    chunk(chunk) {
      if (!isFine(status)) {
        refusal += chunk;
        return;
      }
      for (const { event, data } of parser.push(chunk)) {
        if (over) return;
        const json = parse(data);
        if (json !== undefined) onEvent({ event, data: json });
        else {
          finish(new OutageError({ kind: 'unreadable', status }));
          close();
        }
      }
    },
    end() {
      if (status === 0) pieces.broken();
      else finish(isFine(status) ? null : refused({ status, body: refusal }));
    },
    broken: () => finish(new OutageError({ kind: 'unreachable' })),
  };
  const close = open(method, path, text, pieces, () =>
    finish(new OutageError({ kind: 'unauthorized' })),
  );
  return () => {
    over = true;
    close();
  };
}

function open(
  method: string,
  path: string,
  body: string | null,
  pieces: Pieces,
  unauthorized: () => void,
): () => void {
  if (inWindow()) return openInProcess(method, path, body, pieces);
  if (hasKey(path)) return openOverHttp(method, path, body, pieces);
  // Not before the caller holds what stops the stream.
  queueMicrotask(unauthorized);
  return () => undefined;
}

const isFine = (status: number) => status >= 200 && status < 300;

/** The JSON of a good answer; throws what a bad one says. */
function readReply(reply: Reply): unknown {
  const json = parse(reply.body);
  const absent = absence(json);
  if (absent !== null) throw new OutageError(absent);
  if (isFine(reply.status) && json !== undefined) return json;
  throw refused(reply);
}

/** What an answer that is not fine comes to. */
function refused({ status, body }: Reply): OutageError | RefusedError {
  const json = parse(body);
  const absent = absence(json);
  if (absent !== null) return new OutageError(absent);
  if (status === 401) return new OutageError({ kind: 'unauthorized' });
  if (isProblem(json)) return new RefusedError(json);
  return new OutageError({ kind: 'unreadable', status });
}

/** Undefined where the text is not JSON, which itself has no such value. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isProblem(json: unknown): json is Problem {
  return (
    typeof json === 'object' &&
    json !== null &&
    'code' in json &&
    'message' in json &&
    'fields' in json
  );
}

/**
 * What the shell says on every path when there is no gateway behind it: `{failure: {en, zh}}`, or
 * `{waiting: {en, zh}}` where there will be one.
 */
function absence(json: unknown): Outage | null {
  if (typeof json !== 'object' || json === null) return null;
  if ('failure' in json) return { kind: 'failed', cause: json.failure as Words };
  if ('waiting' in json) return { kind: 'waiting', what: json.waiting as Words };
  return null;
}

/** A code is exchanged for the token, so that request alone needs none. */
const hasKey = (path: string) => token() !== null || path === '/api/codes/redeem';

// The page is at <gateway>/ui/, also where a proxy puts the gateway below a path of its own.
const address = (path: string) => new URL(`..${path}`, document.baseURI);

function headers(accept: string, body: string | null): Record<string, string> {
  const bearer = token();
  return {
    Accept: accept,
    ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
    ...(body === null ? {} : { 'Content-Type': 'application/json' }),
  };
}

async function sendOverHttp(
  method: string,
  path: string,
  body: string | null,
  patience: number,
): Promise<Reply> {
  if (!hasKey(path)) throw new OutageError({ kind: 'unauthorized' });
  const response = await fetch(address(path), {
    method,
    body,
    headers: headers('application/json', body),
    cache: 'no-store',
    signal: AbortSignal.timeout(patience),
  });
  return { status: response.status, body: await response.text() };
}

function openOverHttp(
  method: string,
  path: string,
  body: string | null,
  pieces: Pieces,
): () => void {
  const abort = new AbortController();
  const read = async () => {
    const response = await fetch(address(path), {
      method,
      body,
      headers: headers('text/event-stream', body),
      cache: 'no-store',
      signal: abort.signal,
    });
    pieces.head(response.status);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) break;
      pieces.chunk(piece.value);
    }
    pieces.end();
  };
  read().catch(() => {
    if (!abort.signal.aborted) pieces.broken();
  });
  return () => abort.abort();
}
