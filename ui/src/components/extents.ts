/** Where the rows of a list begin, given how high each is. Pure. */

export class Extents {
  /** Where each row begins; one more, where the last one ends. */
  readonly #starts: Float64Array;

  constructor(count: number, heightOf: (index: number) => number) {
    this.#starts = new Float64Array(count + 1);
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      at += heightOf(index);
      this.#starts[index + 1] = at;
    }
  }

  /** How much stands above row `index`. */
  before(index: number): number {
    return this.#starts[index] ?? 0;
  }

  /** The row at `position` px, or the nearest. */
  at(position: number): number {
    let low = 0;
    let high = Math.max(0, this.#starts.length - 2);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.before(middle) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
