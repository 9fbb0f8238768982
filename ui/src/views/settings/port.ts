/** Ports as they are typed, and where a browser's page goes when the gateway's port changes. Pure. */

/** The port that `text` names; null where it names none. */
export function portOf(text: string): number | null {
  const digits = text.trim();
  if (!/^\d{1,5}$/.test(digits)) return null;
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? port : null;
}

/**
 * The address of the page at `here` once the gateway has gone from port `before` to `after`. Null
 * where the page was not reached through that port: a tunnel or a proxy has an address of its own.
 */
export function movedPage(here: string, before: number, after: number): string | null {
  const url = new URL(here);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (port !== String(before)) return null;
  url.port = String(after);
  url.hash = '';
  return url.href;
}
