/**
 * The commands by which clients add a server, as READMEs print them:
 * `claude mcp add …`, `codex mcp add …`, `gemini mcp add …`, `code --add-mcp …`.
 */

import type { Pair } from '../../api/types';
import { isAddress, pastedServer, type Pasted } from './pasted';
import { fromSnippet } from './snippet';

const VARIABLE = ['-e', '--env'];
const HEADER = ['-H', '--header'];
/** Options of these commands that are followed by a value of no interest here. */
const SKIPPED = ['-t', '--transport', '-s', '--scope', '--timeout', '--trust', '--description'];
/** Options that only this kind of command has, and whose value is the address. */
const ADDRESS = ['--url'];

/** What the words add, if they are such a command. */
export function fromClientCommand(words: string[]): Pasted | null {
  const program = (words[0] ?? '').replace(/\.(exe|cmd)$/i, '');
  if (words[1] === '--add-mcp') return fromSnippet(words[2] ?? '');
  if (!['claude', 'codex', 'gemini', 'qwen'].includes(program) || words[1] !== 'mcp') return null;
  if (words[2] === 'add') return added(words.slice(3));
  if (words[2] === 'add-json') return addedJson(words.slice(3));
  return null;
}

function addedJson(words: string[]): Pasted {
  const [name = '', json = ''] = positional(words);
  const read = fromSnippet(json);
  if (read.kind !== 'snippet') return read;
  return { kind: 'snippet', servers: read.servers.map((server) => ({ ...server, name })) };
}

/** The words that are neither options nor their values. */
function positional(words: string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (SKIPPED.includes(word)) at += 1;
    else if (!word.startsWith('-')) found.push(word);
  }
  return found;
}

function added(words: string[]): Pasted {
  const env: Pair[] = [];
  const headers: Pair[] = [];
  const rest: string[] = [];
  let url = '';
  for (let at = 0; at < words.length; at += 1) {
    const [word, glued] = unglued(words[at] ?? '');
    const value = () => glued ?? words[(at += 1)] ?? '';
    if (word === '--') {
      rest.push(...words.slice(at + 1));
      break;
    }
    if (VARIABLE.includes(word)) env.push(pair(value(), '='));
    else if (HEADER.includes(word)) headers.push(pair(value(), ':'));
    else if (ADDRESS.includes(word)) url = value();
    else if (SKIPPED.includes(word)) value();
    // From the second plain word on everything belongs to the server's own command.
    else if (rest.length > 0 || !word.startsWith('-')) rest.push(words[at] ?? '');
    if (rest.length > 1 && !isAddress(rest[1] ?? '')) {
      rest.push(...words.slice(at + 1).filter((own, index) => own !== '--' || index > 0));
      break;
    }
  }
  const [name = '', ...command] = rest;
  url ||= isAddress(command[0] ?? '') ? (command[0] ?? '') : '';
  if (url !== '') {
    return { kind: 'snippet', servers: [pastedServer({ name, kind: 'remote', url, headers })] };
  }
  if (command.length === 0) return { kind: 'noServer' };
  return { kind: 'snippet', servers: [pastedServer({ name, kind: 'local', command, env })] };
}

/** `--env=KEY=value` as `--env` and its value. */
function unglued(word: string): [string, string | undefined] {
  const found = /^(--[a-z-]+)=([\s\S]*)$/.exec(word);
  return found ? [found[1] ?? '', found[2]] : [word, undefined];
}

function pair(text: string, sign: string): Pair {
  const at = text.indexOf(sign);
  if (at < 0) return { name: text.trim(), value: '' };
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}
