/** What is wrong with how a page looks and speaks: accessibility, width, language. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Serious and critical violations of accessibility rules, one line each. */
export async function violations(page) {
  await page.evaluate((axe) => {
    // Once a page; evaluated, because the page's own policy loads no script from elsewhere.
    if (globalThis.axe === undefined) globalThis.eval(axe);
  }, AXE);
  const { found, checked } = await page.evaluate(async (runOnly) => {
    const result = await globalThis.axe.run({ runOnly });
    return { found: result.violations, checked: result.passes.map(({ id }) => id) };
  }, RULES);
  if (!checked.includes('color-contrast')) throw new Error('contrast was not looked at');
  return found
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} (${any[0]?.message ?? ''})`).join(' ')}`,
    );
}

/** How far the page can be scrolled sideways, px. */
export function overflow(page) {
  return page.evaluate(() => {
    const { scrollX: left, scrollY: top } = globalThis;
    scrollTo({ left: 10_000, top, behavior: 'instant' });
    const found = globalThis.scrollX;
    scrollTo({ left, top, behavior: 'instant' });
    return found;
  });
}

/**
 * Texts and names on a Chinese page that have words of another language in them, beside code
 * and what is in `allowed`: `texts` that may stand there as a whole, and `names` that may stand
 * anywhere.
 */
export async function untranslated(page, { texts, names }) {
  const shown = await page.evaluate(() => {
    const found = [];
    const hidden = (element) => element.closest('code, pre, textarea, [lang="en"], script, style');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { data, parentElement } = walker.currentNode;
      if (!hidden(parentElement) && parentElement.checkVisibility()) found.push(data);
    }
    for (const name of ['aria-label', 'title', 'placeholder']) {
      for (const element of document.querySelectorAll(`[${name}]`))
        if (!hidden(element)) found.push(element.getAttribute(name));
    }
    return [...found, document.title];
  });
  const whole = new Set(texts);
  const known = names.toSorted((a, b) => b.length - a.length);
  const left = (text) => known.reduce((rest, name) => rest.replaceAll(name, ' '), text);
  // One word may be a technical one where Chinese stands around it; two are a phrase.
  const word = /\p{Script=Latin}{2,}/u;
  const phrase = /\p{Script=Latin}{2,}[\s,:]+\p{Script=Latin}{2,}/u;
  return shown
    .map((text) => text.trim())
    .filter((text) => !whole.has(text))
    .filter((text) => (/\p{Script=Han}/u.test(text) ? phrase : word).test(left(text)));
}
