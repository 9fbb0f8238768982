/** One server of the strip in words. */

import type { Server } from '../../api/types';
import { t } from '../../i18n';
import { feed } from '../../state/feed.svelte';

/** Whether calls reach it; one that nobody used for long is started by the next call. */
export const isUsable = ({ state }: Server): boolean =>
  state === 'ready' || state === 'degraded' || state === 'stopped';

/** Whether there is anything to draw of it. */
export const isRunning = (server: Server): boolean =>
  server.state === 'ready' || server.state === 'degraded' || feed.pool(server).total > 0;

export function wordsOfCell(server: Server): string {
  const { name, state } = server;
  if (!isRunning(server)) return t().home.cellOff(name, t().common.server[state]);
  const { active, total, max, waiting } = feed.pool(server);
  const calls = feed.live(name)?.calls ?? 0;
  return t().home.cell(name, t().common.pool(active, total, max), calls, waiting);
}
