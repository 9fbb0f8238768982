/** Tools with keys for a list: a server may list one name twice. */

import type { ToolRow } from '../../api/types';

export interface Keyed {
  tool: ToolRow;
  key: string;
}

export function keyed(tools: readonly ToolRow[]): Keyed[] {
  const seen = new Map<string, number>();
  return tools.map((tool) => {
    const times = (seen.get(tool.own) ?? 0) + 1;
    seen.set(tool.own, times);
    return { tool, key: times === 1 ? tool.own : `${tool.own}\n${times}` };
  });
}
