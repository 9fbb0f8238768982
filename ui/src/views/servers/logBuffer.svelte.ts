/** The last lines that a server printed, in blocks: a new line touches one block only. */

import type { LogLine } from '../../api/types';
import { preferences } from '../../state/preferences.svelte';

/** Lines that are kept. */
export const LOG_LINES = 2000;
/** Lines of one block, by their numbers: the block of a line never changes. */
export const BLOCK_LINES = 100;

/** Whose words lines are: all, printed ones, log messages, or the gateway's own. */
export type Origin = 'all' | 'printed' | 'protocol' | 'gateway';

export interface LogBlock {
  id: number;
  lines: readonly LogLine[];
}

export class LogBuffer {
  /** Oldest first. A block is replaced when it grows, never changed. */
  blocks = $state.raw<readonly LogBlock[]>([]);
  #over = false;

  get length(): number {
    return this.blocks.reduce((sum, block) => sum + block.lines.length, 0);
  }

  /** Adds lines, whose numbers go on from those before. */
  push(lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    const blocks = this.#over ? [] : [...this.blocks];
    this.#over = false;
    for (const line of lines.slice(-LOG_LINES)) append(blocks, line);
    this.blocks = bounded(blocks);
  }

  clear(): void {
    this.blocks = [];
    this.#over = false;
  }

  /** A stream was opened again: its first lines are all that the gateway keeps, and replace these. */
  startOver(): void {
    this.#over = true;
  }

  /** The blocks with only the lines from `origin` that contain `text`, whatever its case. */
  matching(text: string, origin: Origin = 'all'): readonly LogBlock[] {
    const wanted = text.trim().toLowerCase();
    if (wanted === '' && origin === 'all') return this.blocks;
    const fits = (line: LogLine) =>
      (origin === 'all' || origin === originOf(line)) &&
      textOf(line).toLowerCase().includes(wanted);
    return this.blocks
      .map(({ id, lines }) => ({ id, lines: lines.filter(fits) }))
      .filter((block) => block.lines.length > 0);
  }
}

const originOf = ({ source }: LogLine): Origin =>
  source === 'stderr' || source === 'stdout' ? 'printed' : source;

/** The line in the reader's language. */
export const textOf = ({ text, zh }: LogLine): string =>
  preferences.language === 'zh' ? (zh ?? text) : text;

function append(blocks: LogBlock[], line: LogLine): void {
  const id = Math.floor(line.seq / BLOCK_LINES);
  const last = blocks.at(-1);
  if (last?.id === id) blocks[blocks.length - 1] = { id, lines: [...last.lines, line] };
  else blocks.push({ id, lines: [line] });
}

/** Without the oldest lines that are too many. */
function bounded(blocks: LogBlock[]): LogBlock[] {
  let surplus = blocks.reduce((sum, block) => sum + block.lines.length, 0) - LOG_LINES;
  while (surplus > 0) {
    const first = blocks[0];
    if (first === undefined) break;
    if (first.lines.length > surplus) {
      blocks[0] = { id: first.id, lines: first.lines.slice(surplus) };
      break;
    }
    surplus -= first.lines.length;
    blocks.shift();
  }
  return blocks;
}
