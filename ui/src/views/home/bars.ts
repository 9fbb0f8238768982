/** Where many small bars stand and how high they are filled. Pure. */

import type { Pool } from '../../api/types';

const WIDE = 9;
const HIGH = 26;
const GAP = 3;

const perRow = (width: number) => Math.max(1, Math.floor((width + GAP) / (WIDE + GAP)));

/** How high the rows of `count` bars are together. */
export function heightOf(count: number, width: number): number {
  return Math.ceil(count / perRow(width)) * (HIGH + GAP) - GAP;
}

/** The bar at a point, or past the last where there is none. */
export function barAt(x: number, y: number, count: number, width: number): number {
  const column = Math.floor(x / (WIDE + GAP));
  if (column >= perRow(width)) return count;
  return Math.floor(y / (HIGH + GAP)) * perRow(width) + column;
}

/** One path for each colour. */
export function barsOf(
  servers: readonly { pool: Pool; failing: boolean }[],
  width: number,
): { max: string; open: string; busy: string; failing: string } {
  const row = perRow(width);
  const paths = { max: '', open: '', busy: '', failing: '' };
  servers.forEach(({ pool, failing }, index) => {
    const x = (index % row) * (WIDE + GAP);
    const bottom = Math.floor(index / row) * (HIGH + GAP) + HIGH;
    const bar = (share: number) => {
      const high = Math.round(Math.min(1, share) * HIGH);
      return high === 0 ? '' : `M${x} ${bottom}v${-high}h${WIDE}v${high}z`;
    };
    const most = Math.max(1, pool.max);
    if (failing) paths.failing += bar(1);
    else {
      paths.max += bar(1);
      paths.open += bar(pool.total / most);
      paths.busy += bar(pool.active / most);
    }
  });
  return paths;
}
