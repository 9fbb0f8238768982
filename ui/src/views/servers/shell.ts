/** Command lines: apart as a shell would take them apart, and together again. */

/** Signs before which a backslash outside quotes is an escape. Elsewhere it is a Windows path. */
const ESCAPED = /[\s"'\\$`;&|<>()*?#!~]/;
/** The same between double quotes. */
const ESCAPED_IN_QUOTES = /["\\$`\n]/;
/** What needs no quotes. */
const PLAIN = /^[\w@%+=:,./\\-]+$/;

export interface Split {
  words: string[];
  /** A quote that was opened and never closed; the rest of the line is its word. */
  open: boolean;
}

/**
 * The words of a command line. Nothing is expanded: `$HOME` and `*` stay as they are,
 * because no shell runs the command later either.
 */
export function splitCommand(line: string): Split {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  const source = line.replace(/\r\n?/g, '\n');
  for (let at = 0; at < source.length; at += 1) {
    const sign = source.charAt(at);
    const next = source.charAt(at + 1);
    if (quote !== null) {
      if (sign === quote) quote = null;
      else if (quote === '"' && sign === '\\' && ESCAPED_IN_QUOTES.test(next)) {
        if (next !== '\n') word = (word ?? '') + next;
        at += 1;
      } else word = (word ?? '') + sign;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word ??= '';
    } else if (sign === '\\' && next === '\n') {
      at += 1;
    } else if (sign === '\\' && ESCAPED.test(next) && !isShare(word, next)) {
      word = (word ?? '') + next;
      at += 1;
    } else if (/\s/.test(sign)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + sign;
  }
  if (word !== null) words.push(word);
  return { words, open: quote !== null };
}

/** `\\server\share` at the beginning of a word is a Windows path, not an escaped backslash. */
function isShare(word: string | null, next: string): boolean {
  return next === '\\' && (word === null || word === '\\');
}

/** One line that `splitCommand` takes apart into the same words. */
export function joinCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  // A backslash is safe only where it cannot be read as an escape.
  if (PLAIN.test(word) && !/\\(\\|$)/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  return `"${word.replace(/["\\$`]/g, '\\$&')}"`;
}
