/**
 * The first quarter of an hour on a desktop: a home in which nothing is yet, the tray, a server
 * pasted from a README, a client. Also run against the installed package.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from './support/client.mjs';
import { useDesktop } from './support/desktop.mjs';
import { official } from './support/servers.mjs';
import { until } from './support/wait.mjs';

const desktop = useDesktop();

const MENU = `
Running (grey)
1 of 1 server, 6 tools (grey)
---
Servers
  demo
    Ready (grey)
    Restart
    [x] Enabled (grey)
    Open…
  ---
  Add server…
Doctor…
Copy endpoint
---
Open MCP Gateway
[ ] Run at login
---
Quit`;

/** The processes of the app whose command line has this in it. */
const running = (part) => desktop.own.processes().filter((line) => line.includes(part));

test('from the first start to a call in the plot, and quit', async () => {
  const tray = await desktop.tray();
  const app = await desktop.startDrivable();
  const file = desktop.own.path('home/.config/mcp-gateway/config.json');

  const { Title, Category, Status } = await tray.icon();
  assert.deepEqual([Title, Category, Status], ['MCP Gateway', 'ApplicationStatus', 'Active']);
  await tray.shows('dark-ok');
  assert.equal(`\n${await tray.outline()}`, MENU);
  await app.window();
  const window = await app.drive();
  await window.see('heading', 'Welcome');
  await window.says(desktop.endpoint);
  assert.equal(existsSync(file), false);

  await app.closeWindow();
  const client = await connect(desktop.endpoint);
  assert.equal((await client.tools()).length, 6);
  await tray.click('Open MCP Gateway');
  await app.window();
  await window.goOnWithNext();

  await window.click('link', 'Add your first server');
  const line = await window.see('textbox', /^Command line/);
  await until('the first field has the focus', () =>
    window.script('return document.activeElement === arguments[0]', line),
  );
  await desktop.copy(official('memory').join(' '));
  await window.control('v');
  await until('the pasted line is taken over', async () => {
    return (await window.value('textbox', /^Name/)) === 'memory';
  });
  assert.equal(await window.value('textbox', 'Argument 1'), official('memory')[1]);
  await window.click('button', 'Test');
  await window.says(/It works: 9 tools (after|in) [\d.]+ m?s\./);
  await window.says('memory_create_entities');
  await window.click('button', 'What it prints');
  await window.says('Knowledge Graph MCP Server running on stdio');
  await until('the trial’s process has ended', () => running('server-memory').length === 0);
  assert.equal(existsSync(file), false);

  await window.click('button', 'Add server');
  await window.see('heading', 'memory');
  await window.says('memory is added.');
  assert.match(readFileSync(file, 'utf8'), /server-memory/);
  await window.says('9 tools · 9 switched on');
  await tray.entry('1 of 1 server, 9 tools');
  const offered = await client.tools();
  assert.equal(offered.length, 9);
  for (const name of offered) await window.says(name);

  await window.click('tab', 'Pool');
  await window.see('img', /^Calls per second\. No call in the last minute\.$/);
  for (let n = 1; n <= 7; n += 1) await client.call('memory_read_graph');
  await client.close();
  await window.see('img', /^Calls per second\. In the last minute: 7 calls,/);
  // The last of the four is the processor's, of which so little may be taken that nothing is seen.
  await until('the plots have lines', async () => {
    const counts = await window.script(COLOURED);
    return counts.length === 4 && counts.slice(0, 3).every((count) => count > 20);
  });

  const before = readFileSync(file, 'utf8');
  await window.click('button', 'Remove');
  await window.see('heading', 'No servers yet');
  assert.doesNotMatch(readFileSync(file, 'utf8'), /server-memory/);
  await tray.entry('No servers yet');
  await until('its process has ended', () => running('server-memory').length === 0);
  const message = await window.see('listitem', /^memory is removed\./);
  await window.click('button', 'Undo', message);
  await window.says('Taken back.');
  assert.equal(readFileSync(file, 'utf8'), before);
  await tray.entry('1 of 1 server, 9 tools');
  assert.equal(running('server-memory').length, 1);

  await tray.click('Quit');
  await app.hasQuit();
  assert.equal(await tray.count(), 0);
});

/** Of each plot, how many pixels have a colour, which only its lines have. */
const COLOURED = `
  return [...document.querySelectorAll('figure [role="img"] canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, alpha] = data.slice(i, i + 4);
      if (alpha > 0 && Math.max(r, g, b) - Math.min(r, g, b) > 40) count += 1;
    }
    return count;
  });
`;
