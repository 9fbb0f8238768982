#!/usr/bin/env node
/**
 * Stands in for the system's browser: `system-browser.mjs LOG USER ADDRESS`. It signs in at the
 * fake Alibaba Cloud as its user does, and hands an address that is no page to the system. What it
 * went to is in the log, a line each.
 */

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const [log, user, address] = process.argv.slice(2);
const MOST_PAGES = 20;
const cookies = new Map();

const note = (line) => appendFileSync(log, `${line}\n`);

/** Takes what a page wants to be remembered. */
function remember(response) {
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(';', 1)[0].split(/=(.*)/s);
    cookies.set(name, value);
  }
}

async function load(url, form) {
  const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
  const response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    body: form ? new URLSearchParams(form) : null,
    headers: cookie ? { cookie } : {},
    redirect: 'manual',
  });
  remember(response);
  return response;
}

/** What a reader would fill in or press on this page; nothing where there is nothing to do. */
function answer(html) {
  const ticket = /name="ticket" value="([^"]*)"/.exec(html)?.[1];
  if (ticket === undefined) return null;
  return /name="decision"/.test(html) ? { ticket, decision: 'allow' } : { ticket, user };
}

function handOver(url) {
  note(`handed over ${url}`);
  spawn('xdg-open', [url], { stdio: 'inherit' }).on('exit', (code) => note(`opener ${code}`));
}

async function browse() {
  let [url, form] = [address, null];
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    if (!/^https?:/.test(url)) return handOver(url);
    note(`${form ? 'POST' : 'GET'} ${new URL(url).pathname}`);
    const response = await load(url, form);
    const next = response.headers.get('location');
    if (next !== null) {
      [url, form] = [new URL(next, url).href, null];
      continue;
    }
    form = answer(await response.text());
    if (form === null) return note(`ended with ${response.status}`);
  }
  return note('too many pages');
}

await browse();
