/** The admin token in a browser: it arrives in the address once and stays with the tab. */

const KEY = 'mcp-gateway.token';

/**
 * Moves `#token=…` out of the address bar, where it could be copied or
 * bookmarked, into the tab's storage. Returns whether there was one.
 */
export function takeTokenFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  sessionStorage.setItem(KEY, token);
  history.replaceState(null, '', location.pathname + location.search);
  return true;
}

/** The token of this tab, if it has one. */
export function token(): string | null {
  return sessionStorage.getItem(KEY);
}
