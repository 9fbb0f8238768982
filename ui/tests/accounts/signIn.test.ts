import { fireEvent, screen, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { SignIns } from '../../src/state/signIns.svelte';
import { preferences } from '../../src/state/preferences.svelte';
import {
  begun,
  cloud,
  fill,
  answers,
  have,
  lastToast,
  news,
  now,
  open,
  press,
  refusal,
  sent,
  signedIn,
} from './story';

const TITLE = 'Alibaba Cloud International';
const card = (name = TITLE) => screen.findByRole('region', { name });

/** A browser that opens tabs, or not. */
function tabs(blocked = false) {
  const tab = { opener: window as unknown, location: { replace: vi.fn() }, close: vi.fn() };
  vi.stubGlobal(
    'open',
    vi.fn(() => (blocked ? null : tab)),
  );
  return tab;
}

test('who it is, how long it lasts and what uses it', async () => {
  have({ accounts: [signedIn()] });
  await open();
  const own = within(await card());
  expect(own.getByText('Signed in')).toBeTruthy();
  expect(own.getByText('dev@example.com')).toBeTruthy();
  expect(own.getByText('2488')).toBeTruthy();
  expect(own.getByText('/acs/mcp-server')).toBeTruthy();
  const access = own.getByText('Renewed by itself, next in 1 hour');
  expect(access.closest('time')?.title).toMatch(/\d{4}/);
  expect(own.getByRole('link', { name: 'ecs' }).getAttribute('href')).toBe('#/servers/ecs');
  expect(screen.getByRole('link', { name: 'Accounts' }).getAttribute('aria-current')).toBe('page');
});

test('access that cannot be renewed says when it ends', async () => {
  have({ accounts: [signedIn({ refreshable: false, expiresAt: now() - 86_400 * 5 })] });
  await open();
  expect(within(await card()).getByText('Ended 5 days ago')).toBeTruthy();
});

test('signing in: the browser opens, the page waits, and says who it was', async () => {
  const tab = tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  await open();
  await card();
  expect(screen.getByText('1 thing waiting for you')).toBeTruthy();
  have({ accounts: [cloud({ state: 'signingIn' })] });
  screen.getByRole('button', { name: `Authorize: ${TITLE}` }).focus();
  await press(`Authorize: ${TITLE}`);
  await vi.waitFor(() => expect(tab.location.replace).toHaveBeenCalledWith(begun.authorizeUrl));
  expect(tab.opener).toBeNull();
  expect(sent('POST', '/api/accounts/sign-in')).toEqual([{ provider: 'aliyun:intl' }]);
  expect(await screen.findByText('Waiting for your browser')).toBeTruthy();
  expect(screen.getByText(/open in your browser/)).toBeTruthy();
  // The button is gone; whoever pressed it by keyboard goes on where it was.
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: TITLE }));
  expect(screen.getByText(begun.authorizeUrl)).toBeTruthy();
  have({ accounts: [signedIn()] });
  news();
  await vi.waitFor(() =>
    expect(lastToast()?.text).toBe(`Signed in: ${TITLE}, as dev@example.com.`),
  );
  await vi.waitFor(() => expect(screen.queryByText('Waiting for your browser')).toBeNull());
  expect(screen.queryByText('1 thing waiting for you')).toBeNull();
});

test('where no tab may be opened, the address is there to be opened by hand', async () => {
  tabs(true);
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  await open();
  await card();
  have({ accounts: [cloud({ state: 'signingIn' })] });
  await press(`Authorize: ${TITLE}`);
  expect(await screen.findByText(/No browser could be opened/)).toBeTruthy();
  expect(screen.getByText(begun.authorizeUrl)).toBeTruthy();
});

test('a sign-in that cannot begin closes the tab and says why', async () => {
  const tab = tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = refusal();
  await open();
  await card();
  await press(`Authorize: ${TITLE}`);
  await vi.waitFor(() => expect(lastToast()?.text).toBe('The store cannot be read.'));
  expect(tab.close).toHaveBeenCalled();
  expect(screen.queryByText('Waiting for your browser')).toBeNull();
});

test('a sign-in that fails is told with its cause, once', async () => {
  tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  await open();
  await card();
  have({ accounts: [cloud({ state: 'signingIn' })] });
  await press(`Authorize: ${TITLE}`);
  await screen.findByText('Waiting for your browser');
  const why = { en: 'You refused it there.', zh: '您拒绝了授权。' };
  have({ accounts: [cloud({ state: 'needsSignIn', why })] });
  news();
  await vi.waitFor(() =>
    expect(lastToast()?.text).toBe(
      `The sign-in did not come to an end: ${TITLE}. You refused it there.`,
    ),
  );
  const own = within(await card());
  expect(own.getByText('Needs sign-in')).toBeTruthy();
  expect(own.getByText('You refused it there.')).toBeTruthy();
});

test('what was asked before a sign-in began does not end it', async () => {
  tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  await open();
  await card();
  // An answer that was on its way all the time.
  const signIns = new SignIns();
  const before = signIns.open;
  await signIns.begin('aliyun:intl', null);
  expect(signIns.follow([cloud()], before)).toEqual([]);
  expect(signIns.of('aliyun:intl')).not.toBeNull();
  // Until the answer is exchanged for access it is under way.
  expect(signIns.follow([cloud({ state: 'signingIn' })], signIns.open)).toEqual([]);
  expect(signIns.follow([cloud()], signIns.open)).toMatchObject([{ done: false }]);
  expect(signIns.of('aliyun:intl')).toBeNull();

  await signIns.begin('aliyun:intl', null);
  expect(signIns.follow([signedIn()], signIns.open)).toMatchObject([{ done: true }]);
});

test('who was signed in before and refused more access has not signed in', async () => {
  tabs();
  answers['POST /api/accounts/sign-in'] = begun;
  const account = signedIn({ wanted: 'ecs:write' });
  const signIns = new SignIns();
  await signIns.begin('aliyun:intl', account.signedInAt);
  expect(signIns.follow([{ ...account, signingIn: true }], signIns.open)).toEqual([]);
  expect(signIns.follow([account], signIns.open)).toMatchObject([{ done: false }]);

  await signIns.begin('aliyun:intl', account.signedInAt);
  const anew = signedIn({ signedInAt: now() });
  expect(signIns.follow([anew], signIns.open)).toMatchObject([{ done: true }]);
});

test('a sign-in can be cancelled, and is no failure then', async () => {
  tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  answers['POST /api/accounts/cancel'] = {};
  await open();
  await card();
  have({ accounts: [cloud({ state: 'signingIn' })] });
  await press(`Authorize: ${TITLE}`);
  await screen.findByText('Waiting for your browser');
  have({ accounts: [cloud()] });
  await press('Cancel the sign-in');
  expect(await screen.findByRole('button', { name: `Authorize: ${TITLE}` })).toBeTruthy();
  expect(sent('POST', '/api/accounts/cancel')).toEqual([{ provider: 'aliyun:intl' }]);
  expect(lastToast()).toBeUndefined();
});

test('an address that the browser could not deliver is delivered by hand; a wrong one is refused there', async () => {
  tabs();
  have({ accounts: [cloud()] });
  answers['POST /api/accounts/sign-in'] = begun;
  answers['POST /api/accounts/callback'] = refusal({
    message: { en: 'This answer belongs to no sign-in.', zh: '此地址不属于任何登录。' },
  });
  await open();
  await card();
  have({ accounts: [cloud({ state: 'signingIn' })] });
  await press(`Authorize: ${TITLE}`);
  const input = await screen.findByLabelText('Address at which the browser ended');
  await fireEvent.input(input, { target: { value: ' mcp-gateway://oauth/callback?code=1 ' } });
  await press('Finish the sign-in');
  expect(await screen.findByText('This answer belongs to no sign-in.')).toBeTruthy();
  expect(sent('POST', '/api/accounts/callback')).toEqual([
    { url: 'mcp-gateway://oauth/callback?code=1' },
  ]);
});

test('signing out asks first; Escape leaves everything as it is', async () => {
  have({ accounts: [signedIn()] });
  answers['POST /api/accounts/sign-out'] = {};
  await open();
  await card();
  await press(`Sign out: ${TITLE}`);
  const question = screen.getByRole('alertdialog', { name: `Sign out: ${TITLE}?` });
  expect(document.activeElement?.textContent?.trim()).toBe('Cancel');
  expect(question.textContent).toMatch(/revoked at the provider.*There is no undo/s);
  await fireEvent.keyDown(question, { key: 'Escape' });
  const again = await screen.findByRole('button', { name: `Sign out: ${TITLE}` });
  expect(document.activeElement).toBe(again);
  expect(sent('POST', '/api/accounts/sign-out')).toEqual([]);
  await press(`Sign out: ${TITLE}`);
  have({ accounts: [cloud()] });
  await press('Sign out');
  await vi.waitFor(() => expect(lastToast()?.text).toBe(`Signed out: ${TITLE}.`));
  expect(sent('POST', '/api/accounts/sign-out')).toEqual([
    { provider: 'aliyun:intl', user: 'local' },
  ]);
  expect(await screen.findByRole('button', { name: `Authorize: ${TITLE}` })).toBeTruthy();
});

test('a token of the file, and what is not set up, offer no sign-in', async () => {
  const misconfigured = { en: 'Set `oauth.clientId`.', zh: '请设置 `oauth.clientId`。' };
  have({
    accounts: [
      signedIn({ static: true }),
      cloud({ provider: 'server:notion', site: null, server: 'notion', misconfigured }),
    ],
  });
  await open();
  expect(within(await card()).getByText('Fixed token')).toBeTruthy();
  expect(within(await card('notion')).getByText('Not set up')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Edit notion' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: /^Authorize|^Sign out/ })).toBeNull();
});

test('other people: what they have is seen and ended as a whole', async () => {
  const bo = 'aliyun:intl:77';
  have({ accounts: [signedIn(), signedIn({ user: bo, name: 'bo@example.com' })] });
  answers['DELETE /api/users/aliyun%3Aintl%3A77'] = {};
  await open();
  const others = within(await screen.findByRole('region', { name: 'Other people' }));
  expect(others.getByText('bo@example.com')).toBeTruthy();
  await press(`Revoke everything of ${bo}`);
  have({ accounts: [signedIn()] });
  await press('Revoke');
  await vi.waitFor(() => expect(lastToast()?.text).toBe(`${bo} has no access any more.`));
  await vi.waitFor(() => expect(screen.queryByRole('region', { name: 'Other people' })).toBeNull());
  // What had the focus is gone: reading goes on at the heading.
  expect(document.activeElement?.tagName).toBe('H1');
});

test('nothing needs an account: a service is added by its whole address, with its site', async () => {
  answers['POST /config/services'] = { success: true, alias: 'ecs', path: '/id/x/mcp' };
  await open();
  expect(await screen.findByText('Nothing needs an account yet')).toBeTruthy();
  await fireEvent.input(screen.getByLabelText('Name'), { target: { value: 'ecs' } });
  await fireEvent.input(screen.getByLabelText('Path'), { target: { value: 'id/x' } });
  await press('Add service');
  expect(screen.getByText(/Write the path, beginning with/)).toBeTruthy();
  expect(sent('POST', '/config/services')).toEqual([]);
  await fireEvent.input(screen.getByLabelText('Path'), {
    target: { value: 'https://openapi-mcp.cn-hangzhou.aliyuncs.com/id/x/mcp' },
  });
  have({ accounts: [cloud({ provider: 'aliyun:cn', site: 'cn' })] });
  await press('Add service');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('ecs is added.'));
  expect(sent('POST', '/config/services')).toEqual([
    { alias: 'ecs', path: '/id/x/mcp', site: 'cn' },
  ]);
  expect(await card('Alibaba Cloud China site')).toBeTruthy();
});

test('what cannot be read says so, and can be tried again', async () => {
  answers['GET /api/accounts'] = refusal();
  await open();
  expect(
    await screen.findByText('The accounts could not be read. The store cannot be read.'),
  ).toBeTruthy();
  preferences.language = 'zh';
  expect(await screen.findByText('无法读取账号。无法读取存储。')).toBeTruthy();
  preferences.language = 'en';
  have({ accounts: [signedIn()] });
  await fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
  expect(await card()).toBeTruthy();
});

test('another service is at the same site; an address of the other one is refused', async () => {
  answers['POST /config/services'] = { success: true, alias: 'ram', path: '/mcp' };
  have({ accounts: [signedIn()] });
  await open();
  await card();
  await press('Add a service of Alibaba Cloud');
  expect(screen.queryByRole('radio', { name: TITLE })).toBeNull();
  await fill('Name', 'ram');
  await fill('Path', 'https://openapi-mcp.cn-hangzhou.aliyuncs.com/mcp');
  await press('Add service');
  expect(await screen.findByText(/belongs to another site/)).toBeTruthy();
  expect(sent('POST', '/config/services')).toEqual([]);
  await fill('Path', '/mcp');
  await press('Add service');
  await vi.waitFor(() => expect(lastToast()?.text).toBe('ram is added.'));
  expect(sent('POST', '/config/services')).toEqual([{ alias: 'ram', path: '/mcp' }]);
  expect(
    await screen.findByRole('button', { name: 'Add a service of Alibaba Cloud' }),
  ).toBeTruthy();
});

test('access that a tool has lacked is asked for by another sign-in', async () => {
  have({ accounts: [signedIn({ wanted: '/acs/ecs' })] });
  await open();
  const own = within(await card());
  expect(own.getByText('/acs/ecs')).toBeTruthy();
  expect(own.getByRole('button', { name: `Authorize: ${TITLE}` })).toBeTruthy();
  expect(own.getByRole('button', { name: `Sign out: ${TITLE}` })).toBeTruthy();
});
