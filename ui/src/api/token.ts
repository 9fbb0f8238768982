/** The admin token in a browser: it comes with the address once and stays with the tab. */

const KEY = 'mcp-gateway.token';

/** What an address can bring: the token itself, or a one-time code for it. */
export type Credential = { token: string } | { code: string };

/**
 * Takes `#token=…` or `#code=…` out of the address bar, where it could be
 * copied or bookmarked. `&go=/settings` beside it says which screen comes next. Null where there is neither.
 */
export function takeFromAddress(): Credential | null {
  const hash = new URLSearchParams(location.hash.slice(1));
  const token = hash.get('token');
  const code = hash.get('code');
  if (!token && !code) return null;
  const go = hash.get('go');
  history.replaceState(null, '', location.pathname + location.search + (go ? `#${go}` : ''));
  return token ? { token } : { code: code ?? '' };
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** The token of this tab, if it has one. */
export function token(): string | null {
  return sessionStorage.getItem(KEY);
}
