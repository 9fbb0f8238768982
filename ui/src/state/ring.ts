/** The last ten minutes of one server, a sample a second, in a fixed amount of memory. Pure. */

import type { Sample } from '../api/types';

export const RING_SAMPLES = 600;

/** What a ring keeps of each second, each list oldest first. */
export interface Columns {
  /** Since the epoch, ms. */
  at: Float64Array;
  active: Uint32Array;
  total: Uint32Array;
  waiting: Uint32Array;
  calls: Uint32Array;
  /** Bytes; not a number where nothing was measured. */
  memory: Float64Array;
  /** Percent of one core; not a number where nothing was measured. */
  cpu: Float64Array;
}

export class Ring {
  #at = new Float64Array(RING_SAMPLES);
  #numbers = new Uint32Array(RING_SAMPLES * 4);
  #memory = new Float64Array(RING_SAMPLES);
  #cpu = new Float64Array(RING_SAMPLES);
  /** How many were ever pushed; the next one goes to this place, modulo the size. */
  #pushed = 0;

  get length(): number {
    return Math.min(this.#pushed, RING_SAMPLES);
  }

  push([at, active, total, waiting, calls, memory, cpu]: Sample): void {
    const place = this.#pushed % RING_SAMPLES;
    this.#at[place] = at;
    this.#numbers.set([active, total, waiting, calls], place * 4);
    this.#memory[place] = memory ?? NaN;
    this.#cpu[place] = cpu ?? NaN;
    this.#pushed += 1;
  }

  /** Puts what the gateway remembers before what was heard here. */
  backfill(samples: readonly Sample[]): void {
    const own = this.samples();
    const since = own[0]?.[0] ?? Infinity;
    this.#pushed = 0;
    for (const sample of samples) if (sample[0] < since) this.push(sample);
    for (const sample of own) this.push(sample);
  }

  /** The last `count` samples, oldest first. */
  columns(count: number = RING_SAMPLES): Columns {
    const length = Math.min(count, this.length);
    const found: Columns = {
      at: new Float64Array(length),
      active: new Uint32Array(length),
      total: new Uint32Array(length),
      waiting: new Uint32Array(length),
      calls: new Uint32Array(length),
      memory: new Float64Array(length),
      cpu: new Float64Array(length),
    };
    for (let i = 0; i < length; i += 1) {
      const place = (this.#pushed - length + i) % RING_SAMPLES;
      const number = place * 4;
      found.at[i] = this.#at[place] ?? 0;
      found.active[i] = this.#numbers[number] ?? 0;
      found.total[i] = this.#numbers[number + 1] ?? 0;
      found.waiting[i] = this.#numbers[number + 2] ?? 0;
      found.calls[i] = this.#numbers[number + 3] ?? 0;
      found.memory[i] = this.#memory[place] ?? NaN;
      found.cpu[i] = this.#cpu[place] ?? NaN;
    }
    return found;
  }

  /** The same as rows. */
  samples(): Sample[] {
    const { at, active, total, waiting, calls, memory, cpu } = this.columns();
    return Array.from(at, (when, i): Sample => [
      when,
      active[i] ?? 0,
      total[i] ?? 0,
      waiting[i] ?? 0,
      calls[i] ?? 0,
      measured(memory[i]),
      measured(cpu[i]),
    ]);
  }
}

/** A number that was measured, or null. */
export const measured = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;
