import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hrefOf, parseRoute, router, type Route } from '../src/state/route.svelte';

const routes: [string, Route][] = [
  ['#/', { screen: 'home' }],
  ['#/servers', { screen: 'servers' }],
  ['#/servers/new', { screen: 'newServer', from: null }],
  ['#/servers/new?from=my%20files', { screen: 'newServer', from: 'my files' }],
  ['#/servers/files', { screen: 'server', name: 'files' }],
  ['#/servers/files/edit', { screen: 'editServer', name: 'files' }],
  ['#/servers/a%2Fb%3Fc%23d', { screen: 'server', name: 'a/b?c#d' }],
  ['#/servers/%E6%96%87%E4%BB%B6', { screen: 'server', name: '文件' }],
  ['#/servers/%6Eew', { screen: 'server', name: 'new' }],
  ['#/servers/%6Eew/edit', { screen: 'editServer', name: 'new' }],
  ['#/settings', { screen: 'settings' }],
  ['#/settings/log', { screen: 'gatewayLog' }],
  ['#/accounts', { screen: 'accounts' }],
  ['#/doctor', { screen: 'doctor' }],
];

test.each(routes)('%s is read and written', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
  expect(hrefOf(route)).toBe(hash);
});

test.each([
  ['', 'home'],
  ['#', 'home'],
  ['#/nowhere', 'home'],
  ['#/settings/more', 'home'],
  ['#/settings/log/more', 'home'],
  ['#/accounts/more', 'home'],
  ['#/doctor/more', 'home'],
  ['#/servers/', 'servers'],
  ['#/servers/files/unknown', 'servers'],
  ['#/servers/%E0%A4%A', 'servers'],
  ['#/a/b/c/d', 'home'],
])('%s leads to the nearest screen', (hash, screen) => {
  expect(parseRoute(hash).screen).toBe(screen);
});

let stop: () => void;

beforeEach(() => {
  location.href = 'http://localhost:4298/ui/#/';
  stop = router.start();
});
afterEach(() => stop());

test('the address is followed, and written', async () => {
  expect(router.route).toEqual({ screen: 'home' });
  router.go({ screen: 'server', name: 'files' });
  await vi.waitFor(() => expect(router.route).toEqual({ screen: 'server', name: 'files' }));
  expect(location.hash).toBe('#/servers/files');
  router.goTo('/settings');
  await vi.waitFor(() => expect(router.route).toEqual({ screen: 'settings' }));
  router.replace({ screen: 'servers' });
  expect(location.hash).toBe('#/servers');
  expect(router.route).toEqual({ screen: 'servers' });
});

test('a stopped router stays where it is', async () => {
  stop();
  location.hash = '#/settings';
  dispatchEvent(new HashChangeEvent('hashchange'));
  expect(router.route).toEqual({ screen: 'home' });
});
