/** Chromium for the tests of one file: started once, with a fresh context for every page. */

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';
import { keepShot } from './shots.mjs';
import { SOON_MS } from './wait.mjs';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The size that the window of the desktop app begins with. */
export const VIEWPORT = { width: 900, height: 640 };

/**
 * Registers what starts and ends the browser of this file. `open` gives a page of a browser of
 * its own. What a page complains about in its console fails the test that opened it.
 */
export function useBrowser() {
  let browser;
  let pages = [];

  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
      args: ARGS,
    });
  });

  afterEach(async (t) => {
    const complaints = pages.flatMap((page) => page.complaints);
    try {
      // What it looked like and complained about says more than what it waited for.
      if (t.passed === false) {
        for (const complaint of complaints) t.diagnostic(`the page complained: ${complaint}`);
        const name = t.name.replaceAll(/\W+/g, '-').slice(0, 60);
        for (const page of pages) keepShot(`failed-${name}`, await page.screenshot());
      }
    } finally {
      await Promise.all(pages.map((page) => page.context().close()));
      pages = [];
    }
    assert.deepEqual(complaints, []);
  });

  after(() => browser?.close());

  return {
    async open(address, options = {}) {
      const context = await browser.newContext({
        viewport: VIEWPORT,
        locale: 'en-US',
        permissions: ['clipboard-read', 'clipboard-write'],
        ...options,
      });
      const page = await context.newPage();
      pages.push(page);
      page.setDefaultTimeout(SOON_MS);
      page.complaints = [];
      page.on('pageerror', (error) => page.complaints.push(String(error)));
      page.on('console', (message) => {
        // A refusal or a gateway that is gone is the subject of some tests, and logged by the browser.
        const ours = !message.text().startsWith('Failed to load resource');
        if (ours && ['error', 'warning'].includes(message.type()))
          page.complaints.push(message.text());
      });
      await page.goto(address);
      return page;
    },
  };
}
