/** The keyring of a desktop session, as a login unlocks it. */

import { joinBus } from './desktop-bus.mjs';
import { until } from './wait.mjs';

const NAME = 'org.freedesktop.secrets';

/** Starts gnome-keyring on this desktop's bus, with an unlocked collection of the user's. */
export async function startKeyring(desktop) {
  const line =
    'printf %s a-password | gnome-keyring-daemon --foreground --unlock --components=secrets';
  const daemon = desktop.session.start('sh', ['-c', line], desktop.env);
  const { bus, call } = await joinBus(desktop.bus);
  const names = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  try {
    await until('the keyring is there', async () => {
      const [there] = await call(...names, 'NameHasOwner', 's', [NAME]);
      if (!there) throw new Error(daemon.output);
      return true;
    });
  } finally {
    bus.disconnect();
  }
}
