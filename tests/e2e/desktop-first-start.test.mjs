/**
 * The first quarter of an hour on a desktop: a home in which nothing is yet, the tray, a server
 * pasted from a README, a client. Also run against the installed package.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { official } from './support/servers.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

/** The processes of the app whose command line has this in it. */
const running = (part) => desktop.own.processes().filter((line) => line.includes(part));

test('from the first start to a call in the plot, and quit', async () => {
  const tray = await desktop.tray();
  const app = await desktop.startDrivable();

  const { Id, Title, Status, Category } = await tray.icon();
  console.log({ Id, Title, Status, Category });
  console.log('a');
  await app.window();
  console.log('b');
  await tray.shows('dark-ok');
  console.log('c');
  const entries = await tray.menu();
  console.log(await tray.outline(), entries.length);
  const window = await app.drive();
  await window.see('heading', 'Welcome');

  await app.closeWindow();
  await until('nothing draws a page any more', () => app.pages().length === 0);
  console.log(desktop.own.processes());
  await tray.click('Open MCP Gateway');
  await app.window();
  await window.goOnWithNext();
  await window.see('heading', 'Welcome');
  await window.click('link', 'Add your first server');
  await window.see('textbox', 'Command line');
  await desktop.copy(official('memory').join(' '));
  await window.control('v');
  console.log(await window.value('textbox', 'Name'));
  await tray.click('Quit');
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});
