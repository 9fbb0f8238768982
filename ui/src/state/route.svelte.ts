/** Which screen is shown: the hash of the address, read and written in one place. */

export type Route =
  | { screen: 'home' }
  | { screen: 'servers' }
  /** The form for a new server; `from` names the one that it starts as a copy of. */
  | { screen: 'newServer'; from: string | null }
  | { screen: 'server'; name: string }
  | { screen: 'editServer'; name: string }
  | { screen: 'accounts' }
  | { screen: 'doctor' }
  | { screen: 'settings' }
  /** What the gateway itself says. */
  | { screen: 'gatewayLog' };

/** The route of a hash such as `#/servers/files`; Home where it is none. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [first, second, third, ...more] = path.split('/').filter((part) => part !== '');
  if (more.length > 0) return { screen: 'home' };
  if (first === 'settings' && second === undefined) return { screen: 'settings' };
  if (first === 'settings' && second === 'log' && third === undefined) {
    return { screen: 'gatewayLog' };
  }
  if (first === 'accounts' && second === undefined) return { screen: 'accounts' };
  if (first === 'doctor' && second === undefined) return { screen: 'doctor' };
  if (first !== 'servers') return { screen: 'home' };
  if (second === undefined) return { screen: 'servers' };
  if (second === NEW && third === undefined) {
    return { screen: 'newServer', from: new URLSearchParams(query).get('from') };
  }
  const name = decode(second);
  if (name === null) return { screen: 'servers' };
  if (third === undefined) return { screen: 'server', name };
  if (third === 'edit') return { screen: 'editServer', name };
  return { screen: 'servers' };
}

/** The address of a route, for links: `#/servers/files/edit`. */
export function hrefOf(route: Route): string {
  switch (route.screen) {
    case 'home':
      return '#/';
    case 'servers':
      return '#/servers';
    case 'newServer':
      return route.from === null
        ? `#/servers/${NEW}`
        : `#/servers/${NEW}?from=${encodeURIComponent(route.from)}`;
    case 'server':
      return `#/servers/${segment(route.name)}`;
    case 'editServer':
      return `#/servers/${segment(route.name)}/edit`;
    case 'accounts':
      return '#/accounts';
    case 'doctor':
      return '#/doctor';
    case 'settings':
      return '#/settings';
    case 'gatewayLog':
      return '#/settings/log';
  }
}

const NEW = 'new';

/** A server may well be called “new”: its first letter is then written as a code. */
const segment = (name: string) => (name === NEW ? '%6Eew' : encodeURIComponent(name));

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

class Router {
  /** What is shown now. */
  route = $state.raw<Route>(parseRoute(location.hash));
  /** How far the screen shown now was scrolled when it was left; 0 for one that is new. */
  scroll = 0;

  #scrolls = new Map<number, number>();
  #entry = 0;

  /** Follows the address from now on. Returns what ends it. */
  start(): () => void {
    history.scrollRestoration = 'manual';
    const follow = () => {
      this.#scrolls.set(this.#entry, scrollY);
      this.#enter();
      this.route = parseRoute(location.hash);
    };
    this.#enter();
    this.route = parseRoute(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  /** Shows `route`, and the one before again with Back. */
  go(route: Route): void {
    location.hash = hrefOf(route);
  }

  /** Shows `route` in place of the one before, which no longer makes sense. */
  replace(route: Route): void {
    history.replaceState(history.state, '', hrefOf(route));
    this.scroll = 0;
    this.route = route;
  }

  /** Shows what the shell asked for: a path such as `/servers/files`. */
  goTo(path: string): void {
    location.hash = `#${path}`;
  }

  /** Numbers the entries of the history: one that has a number was left before. */
  #enter(): void {
    const known: unknown = history.state;
    if (typeof known === 'number') this.#entry = known;
    else {
      this.#entry = Date.now();
      history.replaceState(this.#entry, '');
    }
    this.scroll = this.#scrolls.get(this.#entry) ?? 0;
  }
}

export const router = new Router();
