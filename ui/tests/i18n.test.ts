import { afterEach, expect, test } from 'vitest';
import { duration, say, t } from '../src/i18n';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';
import { languageOf, preferences } from '../src/state/preferences.svelte';

afterEach(() => {
  preferences.language = 'en';
  preferences.theme = 'system';
});

/** All texts of a catalogue as `path → text`, functions called with small numbers. */
function texts(catalogue: object, path = ''): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]): [string, string][] => {
    if (typeof value === 'object') return texts(value as object, `${path}${key}.`);
    return [[path + key, typeof value === 'function' ? value(2, 3, 4) : value]];
  });
}

test('every text exists in both languages and says something', () => {
  const english = new Map(texts(en));
  const chinese = new Map(texts(zh));
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  for (const [key, text] of [...english, ...chinese]) expect(text, key).not.toBe('');
});

test('Chinese texts are Chinese, but for names and signs', () => {
  const names = /MCP Gateway|Claude (Desktop|Code)|stdio|HTTP|URL|JSON|English/g;
  const untranslated = texts(zh).filter(
    ([, text]) => !/\p{Script=Han}/u.test(text) && /\p{L}/u.test(text.replace(names, '')),
  );
  expect(untranslated).toEqual([]);
});

test('Chinese sentences have Chinese punctuation', () => {
  const half = texts(zh).filter(([, text]) =>
    /\p{Script=Han}[,.:;()!?]|[,:;()!?]\p{Script=Han}/u.test(text),
  );
  expect(half).toEqual([]);
});

test('the language switch changes the catalogue, the words of the gateway and the document', () => {
  expect(t().common.servers).toBe('Servers');
  preferences.language = 'zh';
  expect(t().common.servers).toBe('服务器');
  expect(say({ en: 'stopped', zh: '已停止' })).toBe('已停止');
  expect(document.documentElement.lang).toBe('zh-CN');
  expect(localStorage.getItem('mcp-gateway.language')).toBe('zh');
});

test('a chosen theme is on the document, the system’s is nothing', () => {
  preferences.theme = 'dark';
  expect(document.documentElement.dataset['theme']).toBe('dark');
  preferences.theme = 'system';
  expect(document.documentElement.dataset['theme']).toBeUndefined();
});

test('the first language of the reader that is spoken here decides', () => {
  expect(languageOf(['zh-CN', 'en'])).toBe('zh');
  expect(languageOf(['zh-Hant-TW'])).toBe('zh');
  expect(languageOf(['de-DE', 'zh', 'en'])).toBe('zh');
  expect(languageOf(['en-GB', 'zh'])).toBe('en');
  expect(languageOf(['fr'])).toBe('en');
});

test('durations are told in the two largest units', () => {
  expect(duration(59)).toBe('under a minute');
  expect(duration(60)).toBe('1 min');
  expect(duration(3 * 3600 + 125)).toBe('3 h 2 min');
  expect(duration(50 * 3600)).toBe('2 d 2 h');
});
