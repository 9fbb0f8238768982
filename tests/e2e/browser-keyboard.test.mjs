/** Everything without a mouse, and the focus is never lost. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { useBrowser } from './support/browser.mjs';
import { startGateway } from './support/gateway.mjs';
import { focused, goTo, toast } from './support/page.mjs';
import { fake, local } from './support/servers.mjs';
import { Surroundings } from './support/surroundings.mjs';
import { until } from './support/wait.mjs';

const browser = useBrowser();
let own;
let page;

beforeEach(() => (own = new Surroundings()));
afterEach(() => own.clear());

/** Controls whose tops are that near to each other stand in one line. */
const LINE_PX = 12;

const work = (name) => fake(own, name, { tools: [{ name: 'work' }, { name: 'rest' }] });

/** The page in front of these servers, or in front of a home without a configuration. */
async function start(...names) {
  if (names.length > 0) own.writeConfig({ servers: names.map((name) => local(name, work(name))) });
  const gateway = await startGateway(own);
  for (const name of names) await gateway.becomes(name);
  page = await browser.open(gateway.door);
  await page.getByText(gateway.endpoint, { exact: true }).waitFor();
}

const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

/** Waits until this has the focus. */
const has = (wanted) =>
  until(`the focus is on ${wanted}`, async () => {
    const now = await focused(page);
    if (now === wanted) return true;
    throw new Error(`it is on ${now}`);
  });

/** Presses Tab until this has the focus. */
async function tabTo(wanted, { key = 'Tab', most = 40 } = {}) {
  const passed = [];
  for (let n = 0; n < most; n += 1) {
    await press(key);
    const now = await focused(page);
    if (now === wanted) return;
    assert.notEqual(now, null, `the focus was lost after ${passed.join(', ')}`);
    passed.push(now);
  }
  assert.fail(`${wanted} is not among ${passed.join(', ')}`);
}

test('the first Tab offers to skip the navigation', async () => {
  await start('one');
  await press('Tab');
  await has('a Skip to the content');
  const box = await page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
  assert.ok(box.y >= 0, 'it can be seen');
  await press('Enter');
  await until('the content has the focus', () =>
    page.evaluate(() => document.activeElement?.id === 'main'),
  );
  assert.equal(await page.evaluate(() => location.hash), '');
  await press('Tab');
  await has('button Copy: Address');
});

test('a server is added from the first screen without a mouse', async () => {
  await start();
  await tabTo('a Add your first server');
  await press('Enter');
  await has('textarea Command line');
  await page.keyboard.type(work('typed').join(' '));
  await tabTo('input Name');
  await press('Control+a');
  await page.keyboard.type('typed');
  await tabTo('button Test');
  await press('Enter');
  await page.getByText(/^It works: 2 tools/).waitFor();
  assert.equal(await focused(page), 'button Test again');
  await tabTo('button Add server', { key: 'Shift+Tab' });
  await press('Enter');
  await has('h1 typed');
  await page.getByText('2 tools · 2 switched on').waitFor();

  // Its tools, too.
  await tabTo('switch Offer rest');
  await press('Space');
  await page.getByText('2 tools · 1 switched on').waitFor();
  await has('switch Offer rest');
});

test('the focus goes through the form in the order in which it is read', async () => {
  await start('one');
  await goTo(page, '#/servers/one/edit', 'Edit one');
  await has('h1 Edit one');
  await page.getByText('More settings').click();
  await page.getByRole('heading', { level: 1 }).focus();
  const places = [];
  for (;;) {
    await press('Tab');
    const place = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || !element.closest('form')) return null;
      const { left } = element.getBoundingClientRect();
      // The bar at the end is always in sight, wherever the form is scrolled to.
      const bar = element.closest('.bar') !== null;
      const top = element.getBoundingClientRect().top + scrollY;
      return {
        bar,
        top: Math.round(top),
        left: Math.round(left),
        of: element.outerHTML.slice(0, 90),
      };
    });
    if (place === null) break;
    places.push(place);
  }
  assert.ok(places.length > 15, `${places.length} controls`);
  for (const [i, place] of places.slice(1).entries()) {
    const before = places[i];
    const enters = place.bar && !before.bar;
    const sameLine = Math.abs(place.top - before.top) <= LINE_PX;
    const reads = sameLine ? place.left > before.left : place.top > before.top;
    assert.ok(enters || reads, `${before.of}\n${place.of}`);
  }
  assert.ok(places.at(-1).bar);
});

test('menus and tabs follow the arrow keys, and Escape closes', async () => {
  await start('one', 'two');
  await goTo(page, '#/servers', 'Servers');
  await tabTo('button Actions for one');
  await press('ArrowDown');
  await has('menuitem Restart');
  await press('ArrowDown', 'ArrowDown');
  await has('menuitem Duplicate');
  await press('End');
  await has('menuitem Remove');
  await press('ArrowDown');
  await has('menuitem Restart');
  await press('Escape');
  await has('button Actions for one');
  assert.equal(await page.getByRole('menu').count(), 0);
  await press('Enter');
  await has('menuitem Restart');
  await press('Tab');
  assert.equal(await page.getByRole('menu').count(), 0);
  assert.notEqual(await focused(page), null);

  await goTo(page, '#/servers/one', 'one');
  await has('h1 one');
  await tabTo('tab Tools');
  await press('ArrowRight');
  await has('tab Log');
  await press('End');
  await has('tab Settings');
  await page.getByRole('tabpanel', { name: 'Settings' }).waitFor();
  await press('ArrowRight');
  await has('tab Tools');
});

test('after a removal and its undo somebody still has the focus', async () => {
  await start('one', 'two');
  await goTo(page, '#/servers', 'Servers');
  await tabTo('button Actions for one');
  await press('Enter', 'End', 'Enter');
  await has('a two');
  await toast(page, 'one is removed.').waitFor();
  await press('F8');
  assert.match(await focused(page), /^button (Undo|Close)$/);
  if ((await focused(page)) === 'button Close') await press('Shift+Tab');
  await has('button Undo');
  await press('Enter');
  await toast(page, 'Taken back.').waitFor();
  await has('a two');
  await page.getByRole('link', { name: 'one', exact: true }).waitFor();
  await press('F8', 'Escape');
  assert.equal(await toast(page, 'Taken back.').count(), 0);
  await has('a two');

  // The last one leaves its heading behind.
  for (const left of ['a two', 'h1 Servers']) {
    const name = left === 'a two' ? 'one' : 'two';
    await page.getByRole('button', { name: `Actions for ${name}` }).focus();
    await press('Enter', 'End', 'Enter');
    await has(left);
  }
  await page.getByRole('heading', { name: 'No servers yet' }).waitFor();
});

test('a new screen begins at its heading, also on the way back', async () => {
  await start('one', 'two');
  for (const [link, heading] of [
    ['Servers', 'h1 Servers'],
    ['Settings', 'h1 Settings'],
    ['Home', 'h1 Home'],
  ]) {
    await page.getByRole('navigation').getByRole('link', { name: link }).focus();
    await press('Enter');
    await has(heading);
  }
  await page.goBack();
  await has('h1 Settings');
  await goTo(page, '#/servers/two', 'two');
  await has('h1 two');
  await page.getByRole('button', { name: 'Remove' }).focus();
  await press('Enter');
  await has('h1 Servers');
  await goTo(page, '#/servers/one/edit', 'Edit one');
  await has('h1 Edit one');
  // The form is read first; until it is there the next stop would be the notice.
  await page.getByRole('link', { name: 'Cancel' }).waitFor();
  await tabTo('a Cancel');
  await press('Enter');
  await has('h1 one');
});
