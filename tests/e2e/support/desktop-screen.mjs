/** What is on the screen, as pixels. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const AS_BYTES = { encoding: 'buffer', maxBuffer: 64 << 20 };

/** A picture of the whole screen. */
export async function picture() {
  return (await run('import', ['-window', 'root', 'png:-'], AS_BYTES)).stdout;
}

/** How much of the screen, from 0 to 1, is white or nearly so. */
async function whiteness() {
  const { stdout } = await run('import', ['-window', 'root', '-depth', '8', 'gray:-'], AS_BYTES);
  return stdout.filter((level) => level > 200).length / stdout.length;
}

/** Looks at the screen as often as it can until it is told to `stop`; gives how white it was each time. */
export function watchWhiteness() {
  let on = true;
  const seen = [];
  const look = async () => {
    while (on) seen.push(await whiteness());
  };
  // Two eyes see what one would blink away.
  const eyes = Promise.all([look(), look()]);
  return {
    seen,
    async stop() {
      on = false;
      await eyes;
      return seen;
    },
  };
}
