/** Which tools a filter leaves. */

import type { Tool } from '../api/types';

/** The tools that contain every word of `filter` in name, server or description, whatever its case. */
export function matching(tools: Tool[], filter: string): Tool[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return tools;
  return tools.filter((tool) => {
    const text = `${tool.name} ${tool.serverName} ${tool.description ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
