/** Every string that a person reads comes from the catalogue. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { describe, expect, test } from 'vitest';

/** Attributes, and properties of our own components, whose value is read or heard. */
const READ = new Set([
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'aria-valuetext',
  'title',
  'placeholder',
  'alt',
  'label',
  'legend',
  'intro',
  'word',
]);

interface Node {
  type: string;
  [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** The strings that an expression can come to, as far as they are written in it. */
function literals(expression: unknown): string[] {
  if (!isNode(expression)) return [];
  switch (expression.type) {
    case 'Literal':
      return typeof expression['value'] === 'string' ? [expression['value']] : [];
    case 'TemplateLiteral':
      return (expression['quasis'] as { value: { cooked: string } }[]).map(
        (one) => one.value.cooked,
      );
    case 'ConditionalExpression':
      return [...literals(expression['consequent']), ...literals(expression['alternate'])];
    case 'LogicalExpression':
    case 'BinaryExpression':
      // What is compared is not shown.
      return /^(\+|\|\||\?\?|&&)$/.test(String(expression['operator']))
        ? [...literals(expression['left']), ...literals(expression['right'])]
        : [];
    default:
      return [];
  }
}

/** The strings with letters that a person would read in `source`, beside the catalogue's. */
function strings(source: string): string[] {
  const found: string[] = [];
  const keep = (texts: string[]) =>
    found.push(...texts.filter((text) => /\p{L}/u.test(text)).map((text) => text.trim()));
  const shown = (value: unknown) => {
    for (const part of Array.isArray(value) ? value : [value]) {
      if (!isNode(part)) continue;
      if (part.type === 'Text') keep([String(part['data'])]);
      if (part.type === 'ExpressionTag') keep(literals(part['expression']));
    }
  };
  const walk = (node: unknown) => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (!isNode(node)) return;
    if (node.type === 'Text' || node.type === 'ExpressionTag') return shown(node);
    if (node.type === 'StyleDirective') return;
    if (node.type === 'Attribute') {
      if (READ.has(String(node['name']))) shown(node['value']);
      return;
    }
    Object.values(node).forEach(walk);
  };
  walk(parse(source, { modern: true }).fragment);
  return found;
}

describe('the check itself', () => {
  test.each([
    ['<p>Hello</p>', ['Hello']],
    ['<p>{"Hello"}</p>', ['Hello']],
    ['{#if x}<p>{busy ? "Saving" : t().save}</p>{/if}', ['Saving']],
    ['<p>{`${n} files`}</p>', ['files']],
    ['<img alt="A picture" src="x.png" />', ['A picture']],
    ['<button title={on ? "On" : "Off"}></button>', ['On', 'Off']],
    ['<Copy label="Address" />', ['Address']],
    ['{#each all as one (one.id)}<li>{one.name ?? "none"}</li>{/each}', ['none']],
    ['{#snippet row()}<b>Row</b>{/snippet}', ['Row']],
  ])('finds what is written in %s', (source, texts) => {
    expect(strings(source)).toEqual(texts);
  });

  test.each([
    ['<p class="card">{t().home.title} · 12 %</p>'],
    ['<p>{state === "ready" ? t().ready : t().other}</p>'],
    ['<input type="text" name="port" /><style>p { color: red; }</style>'],
    ['<p style:width="{width}px"></p>'],
    ['<CopyField label={t().address} value="mcp-gateway ui" />'],
  ])('leaves alone what is not: %s', (source) => {
    expect(strings(source)).toEqual([]);
  });
});

const root = join(import.meta.dirname, '../src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.svelte'),
);

test('there are components to look at', () => {
  expect(files.length).toBeGreaterThan(20);
});

test.each(files)('%s', (file) => {
  expect(strings(readFileSync(join(root, file), 'utf8'))).toEqual([]);
});
