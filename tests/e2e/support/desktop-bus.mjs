/** A D-Bus session bus of its own for each test, on which nothing is started that a test did not start. */

import { writeFileSync } from 'node:fs';
import { Message, sessionBus, Variant } from '@jellybrick/dbus-next';
import { until } from './wait.mjs';

/** As a session bus has it, but without programs that it would start when somebody asks for them. */
const CONFIG = (folder) => `<!DOCTYPE busconfig PUBLIC
  "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=${folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** Starts a bus among the processes of these surroundings; gives its address. */
export async function startBus(surroundings) {
  const config = surroundings.path('bus.conf');
  writeFileSync(config, CONFIG(surroundings.path('runtime')));
  const daemon = surroundings.start('dbus-daemon', [
    `--config-file=${config}`,
    '--nofork',
    '--print-address=1',
  ]);
  return until('the bus tells its address', () => /^unix:\S+$/m.exec(daemon.output)?.[0]);
}

/** A connection to the bus at this address, for programs that answer and ask. */
export async function joinBus(address) {
  const bus = sessionBus({ busAddress: address });
  // What goes wrong with a call is told to its caller; a bus that a test ended is no news.
  bus.on('error', () => {});
  const call = async (destination, path, iface, member, signature = '', body = []) => {
    const message = new Message({
      destination,
      path,
      interface: iface,
      member,
      signature,
      body,
    });
    return (await bus.call(message)).body;
  };
  await call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetId');
  return { bus, call };
}

/** Takes the types off what came over the bus: variants at any depth become their values. */
export function plain(value) {
  if (value instanceof Variant) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

export { Message, Variant };
