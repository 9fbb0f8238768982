/**
 * The gateway's state as the page knows it. One feed asks every two seconds
 * while somebody looks; an answer replaces the one before, a failure keeps it
 * and says so, because "could not read" is not "empty".
 */

import { readStatus, readTools, type ToolsAnswer } from '../api/gateway';
import { RequestError, type Problem } from '../api/transport';
import type { Status } from '../api/types';

export const REFRESH_MS = 2000;
/** Tools are a big answer that seldom changes: asked again on a visible change, else every so many rounds. */
const TOOLS_EVERY = 10;

export class Feed {
  /** The last status that could be read. */
  status = $state.raw<Status | null>(null);
  /** The last list of tools that could be read. */
  tools = $state.raw<ToolsAnswer | null>(null);
  /** Why `status` is not up to date; null while it is. */
  problem = $state.raw<Problem | null>(null);
  /** Why `tools` is not up to date; null while it is. */
  toolsProblem = $state.raw<Problem | null>(null);
  /** When `status` was read. */
  heardAt = $state.raw<Date | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #stopped = true;
  #toolsFor = '';
  #rounds = 0;

  /** Asks now and from now on. Returns what ends it. */
  start(): () => void {
    this.#stopped = false;
    const wake = () => void this.refresh();
    document.addEventListener('visibilitychange', wake);
    wake();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }

  /** One round, at once; a round that is under way is not doubled. Nothing is asked for a hidden page. */
  async refresh(): Promise<void> {
    if (this.#asking || this.#stopped) return;
    clearTimeout(this.#timer);
    if (document.hidden) return;
    this.#asking = true;
    try {
      await this.#readStatus();
      if (this.problem === null) await this.#readTools();
    } finally {
      this.#asking = false;
    }
    if (!this.#stopped && !document.hidden) {
      this.#timer = setTimeout(() => void this.refresh(), REFRESH_MS);
    }
  }

  async #readStatus(): Promise<void> {
    try {
      this.status = await readStatus();
      this.heardAt = new Date();
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  async #readTools(): Promise<void> {
    const shape = JSON.stringify(this.status?.servers.map((s) => [s.name, s.state, s.tools]));
    const due = this.#rounds % TOOLS_EVERY === 0 || this.tools?.kind !== 'tools';
    this.#rounds += 1;
    if (!due && shape === this.#toolsFor && this.toolsProblem === null) return;
    try {
      this.tools = await readTools();
      this.#toolsFor = shape;
      this.toolsProblem = null;
    } catch (error) {
      this.toolsProblem = problemOf(error);
    }
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof RequestError) return error.problem;
  throw error;
}
