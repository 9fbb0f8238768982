/** A trial of a server that is not saved yet. */

import { testServer } from '../../api/gateway';
import { RefusedError } from '../../api/transport';
import type { Problem, ServerError, ServerForm, TestOk } from '../../api/types';
import { wordsOf } from '../../state/outcome';
import { LogBuffer } from './logBuffer.svelte';

export type TestState =
  | { kind: 'idle' }
  | { kind: 'running' }
  | { kind: 'stopped' }
  | { kind: 'ok'; result: TestOk }
  /** It was started and does not work. */
  | { kind: 'failed'; cause: ServerError }
  /** The gateway did not try it, or is not there. */
  | { kind: 'refused'; text: string };

const TICK_MS = 200;

export class TestRun {
  state = $state.raw<TestState>({ kind: 'idle' });
  /** Since the start, ms. */
  elapsed = $state(0);
  readonly log = new LogBuffer();
  /** What was tried, as text, to tell whether the form was changed since. */
  tried = $state.raw('');

  #stop: () => void = () => undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  /** Starts over with `form`. `invalid` hears what is wrong with the form itself. */
  start(form: ServerForm, invalid: (problem: Problem) => void): void {
    this.end();
    this.log.clear();
    this.tried = JSON.stringify(form);
    this.state = { kind: 'running' };
    const begun = performance.now();
    this.elapsed = 0;
    this.#clock = setInterval(() => (this.elapsed = performance.now() - begun), TICK_MS);
    this.#stop = testServer(form, {
      log: (lines) => this.log.push(lines),
      ok: (result) => this.#over({ kind: 'ok', result }),
      failed: (cause) => this.#over({ kind: 'failed', cause }),
      error: (error) => {
        const problem = error instanceof RefusedError ? error.problem : null;
        if (problem !== null && problem.fields.length > 0) {
          this.#over({ kind: 'idle' });
          invalid(problem);
        } else this.#over({ kind: 'refused', text: wordsOf(error) });
      },
    });
  }

  /** Stops the trial and the server with it. */
  stop(): void {
    if (this.state.kind === 'running') this.#over({ kind: 'stopped' });
    this.end();
  }

  /** Lets go of whatever runs, without a word. */
  end(): void {
    clearInterval(this.#clock);
    this.#stop();
  }

  #over(state: TestState): void {
    clearInterval(this.#clock);
    this.state = state;
  }
}
