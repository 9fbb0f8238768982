/**
 * What somebody pasted: a command line, an address, a JSON snippet from a README, or the
 * `mcp add` command of a client. Only what is written is taken over; nothing is guessed
 * but a name.
 */

import type { Pair } from '../../api/types';
import { fromClientCommand } from './clientCommand';
import { isAddress, pastedServer, type Pasted } from './pasted';
import { splitCommand } from './shell';
import { fromSnippet } from './snippet';

/** Reads a pasted text. */
export function readPaste(source: string): Pasted {
  const text = withoutFence(source).trim();
  if (text === '') return { kind: 'empty' };
  if (looksLikeJson(text)) return fromSnippet(text);
  if (isAddress(text)) {
    const server = pastedServer({ kind: 'remote', url: text });
    return { kind: 'url', server };
  }
  // A prompt that was copied along.
  const line = text.replace(/^[$>%]\s+/, '');
  const { words, open } = splitCommand(line);
  const added = fromClientCommand(words);
  if (added !== null) return added;
  const { env, command } = leadingVariables(words);
  return { kind: 'command', open, server: pastedServer({ kind: 'local', command, env }) };
}

/** `KEY=value KEY2=value program …`, also behind `env`. */
function leadingVariables(words: string[]): { env: Pair[]; command: string[] } {
  const start = words[0] === 'env' && /^[A-Za-z_]\w*=/.test(words[1] ?? '') ? 1 : 0;
  const env: Pair[] = [];
  for (const word of words.slice(start)) {
    const found = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word);
    if (!found) break;
    env.push({ name: found[1] ?? '', value: found[2] ?? '' });
  }
  // Variables alone are no command: they are the program being typed.
  if (start + env.length === words.length) return { env: [], command: words };
  return { env, command: words.slice(start + env.length) };
}

function looksLikeJson(text: string): boolean {
  return /^[{[]/.test(text) || /^"[^"\n]*"\s*:/.test(text);
}

/** The text between the lines of a Markdown fence. */
function withoutFence(text: string): string {
  const fenced = /^\s*```[^\n]*\n([\s\S]*?)\n?```\s*$/.exec(text);
  return fenced?.[1] ?? text;
}
