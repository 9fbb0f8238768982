/** Something that is read again and again; what was read last stays while the next is on its way. */

import { RefusedError } from '../api/transport';
import { wordsOf } from './outcome';

export class Resource<T> {
  /** What was read last; null before that. */
  value = $state.raw<T | null>(null);
  #error = $state.raw<unknown>(null);

  readonly #read: () => Promise<T>;
  #reading: Promise<void> | null = null;
  #again = false;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Why it could not be read just now, in the reader's language. */
  get fault(): string | null {
    return this.#error === null ? null : wordsOf(this.#error);
  }

  /** The gateway knows it and cannot give it now. */
  get refused(): boolean {
    return this.#error instanceof RefusedError && this.#error.problem.code !== 'notFound';
  }

  /** Reads it. While an answer is on its way, that may be old already: one more follows. */
  load(): Promise<void> {
    if (this.#reading !== null) this.#again = true;
    else this.#reading = this.#run().finally(() => (this.#reading = null));
    return this.#reading;
  }

  forget(): void {
    this.value = null;
    this.#error = null;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      try {
        this.value = await this.#read();
        this.#error = null;
      } catch (error) {
        this.#error = error;
      }
    } while (this.#again);
  }
}
