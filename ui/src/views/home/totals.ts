/** Sums over servers. Pure. */

/** The sum of lists that end now; a shorter one began later. Of the last `count` places. */
export function sumOfTails(lists: readonly ArrayLike<number>[], count: number): number[] {
  const length = Math.min(count, Math.max(0, ...lists.map((list) => list.length)));
  const sum = new Array<number>(length).fill(0);
  for (const list of lists) {
    const begin = Math.max(0, list.length - length);
    const at = length - (list.length - begin);
    for (let i = begin; i < list.length; i += 1) {
      sum[at + i - begin] = (sum[at + i - begin] ?? 0) + (list[i] ?? 0);
    }
  }
  return sum;
}
