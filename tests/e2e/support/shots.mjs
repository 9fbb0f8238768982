/** Screenshots for people to look at, where `SHOTS` names a folder. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function keepShot(name, png) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), png);
}
