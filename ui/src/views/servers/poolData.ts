/** What the plots show of a server's last ten minutes. Pure. */

import { measured, type Columns } from '../../state/ring';

/** The plots always span this long, s. */
export const SPAN_S = 600;
/** Samples further apart than this have a gap between them: the page or the gateway was away. */
const GAP_S = 5;

type Values = (number | null)[];

export interface PlotData {
  /** Since the epoch, s. */
  at: number[];
  active: Values;
  total: Values;
  waiting: Values;
  calls: Values;
  /** Megabytes. */
  memory: Values;
  /** Percent of one core. */
  cpu: Values;
}

/** The columns with empty places where nothing was heard. */
export function plotData({ at, active, total, waiting, calls, memory, cpu }: Columns): PlotData {
  const data: PlotData = {
    at: [],
    active: [],
    total: [],
    waiting: [],
    calls: [],
    memory: [],
    cpu: [],
  };
  for (let i = 0; i < at.length; i += 1) {
    const now = (at[i] ?? 0) / 1000;
    const before = data.at.at(-1);
    if (before !== undefined && now - before > GAP_S) {
      data.at.push(before + 1);
      const { active, total, waiting, calls, memory, cpu } = data;
      for (const values of [active, total, waiting, calls, memory, cpu]) values.push(null);
    }
    data.at.push(now);
    data.active.push(active[i] ?? 0);
    data.total.push(total[i] ?? 0);
    data.waiting.push(waiting[i] ?? 0);
    data.calls.push(calls[i] ?? 0);
    const bytes = measured(memory[i]);
    data.memory.push(bytes === null ? null : megabytes(bytes));
    data.cpu.push(measured(cpu[i]));
  }
  return data;
}

export interface Summary {
  /** That the samples span, rounded. */
  minutes: number;
  /** The most at any time. */
  busy: number;
  open: number;
  waiting: number;
  /** The most in a second. */
  rate: number;
  /** In all. */
  calls: number;
}

/** The same in numbers, for those who do not see the plots. */
export function summaryOf({ at, active, total, waiting, calls }: Columns): Summary {
  const span = (at.at(-1) ?? 0) - (at[0] ?? 0);
  const most = (values: Uint32Array) => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    minutes: Math.round(span / 60_000),
    busy: most(active),
    open: most(total),
    waiting: most(waiting),
    rate: most(calls),
    calls: calls.reduce((a, b) => a + b, 0),
  };
}

/** Whole ones. */
export const megabytes = (bytes: number): number => Math.round(bytes / (1 << 20));

/** The most of what was measured; null where nothing was. */
export function mostOf(values: Values): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b), 0);
}

/** The end of an axis that shows `most`: whole numbers only, and room above nothing at all. */
export function axisEnd(most: number): number {
  return Math.max(most, 2);
}
