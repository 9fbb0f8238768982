/**
 * A desktop's tray, as a panel with one has it: it lets icons register
 * (StatusNotifierWatcher, freedesktop.org) and reads and clicks their menus
 * (com.canonical.dbusmenu).
 */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { joinBus, Message, plain, Variant } from './desktop-bus.mjs';
import { until } from './wait.mjs';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const PLACE = '/StatusNotifierWatcher';
const ITEM = 'org.kde.StatusNotifierItem';
const MENU = 'com.canonical.dbusmenu';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const ICONS = fileURLToPath(new URL('../../../icons/tray/', import.meta.url));
const DRAWINGS = readdirSync(ICONS)
  .map((name) => /^tray-(.+)@2x\.png$/.exec(name)?.[1])
  .filter((name) => name !== undefined);

/** Puts a tray on the bus at this address. Take it away with `close`. */
export async function openTray(address) {
  const { bus, call } = await joinBus(address);
  let items = [];

  bus.addMethodHandler((message) => {
    const answer = (signature, body) => {
      bus.send(Message.newMethodReturn(message, signature, body));
      return true;
    };
    const { interface: iface, member, body, sender, path } = message;
    if (iface === PROPERTIES && path === PLACE) {
      const properties = {
        IsStatusNotifierHostRegistered: new Variant('b', true),
        ProtocolVersion: new Variant('i', 0),
        RegisteredStatusNotifierItems: new Variant('as', items.map(named)),
      };
      if (member === 'GetAll') return answer('a{sv}', [properties]);
      if (member === 'Get') return answer('v', [properties[body[1]]]);
    }
    if (iface === WATCHER && member === 'RegisterStatusNotifierItem') {
      // Either the path at the sender's, or a name of its own.
      const own = body[0].startsWith('/');
      items.push({
        owner: own ? sender : body[0],
        path: own ? body[0] : '/StatusNotifierItem',
      });
      return answer('', []);
    }
    return false;
  });
  bus.on('message', ({ member, body }) => {
    if (member === 'NameOwnerChanged' && body[2] === '')
      items = items.filter(({ owner }) => owner !== body[0]);
  });
  const watch = "type='signal',interface='org.freedesktop.DBus',member='NameOwnerChanged'";
  await call(...BUS, 'AddMatch', 's', [watch]);
  await bus.requestName(WATCHER, 0);

  const property = async ({ owner, path }, name) =>
    plain((await call(owner, path, PROPERTIES, 'Get', 'ss', [ITEM, name]))[0]);
  /** The icons that want to be seen. */
  const shown = async () => {
    const seen = await Promise.all(
      items.map(async (item) => {
        // One whose program has just ended is gone as well.
        const status = await property(item, 'Status').catch(() => 'Passive');
        return status === 'Passive' ? [] : [item];
      }),
    );
    return seen.flat();
  };
  const ask = async (member, signature, body) => {
    const item = only(await shown());
    return call(item.owner, await property(item, 'Menu'), MENU, member, signature, body);
  };
  const menu = async () => {
    // As a panel does before it shows one.
    await ask('AboutToShow', 'i', [0]);
    const [, root] = await ask('GetLayout', 'iias', [0, -1, []]);
    return entry(plain(root)).entries;
  };
  const find = async (way) => {
    let entries = await menu();
    let found;
    for (const label of way) {
      found = entries.find((one) => matches(one.label, label));
      if (!found) throw new Error(`no “${label}” in:\n${outline(await menu())}`);
      ({ entries } = found);
    }
    return found;
  };

  return {
    /** How many icons it shows. */
    count: async () => (await shown()).length,
    /** Waits for the icon; gives what it says of itself. */
    icon: () =>
      until('there is a tray icon', async () => {
        const { owner, path } = only(await shown());
        return plain((await call(owner, path, PROPERTIES, 'GetAll', 's', [ITEM]))[0]);
      }),
    /** Waits until the icon shows this drawing of `icons/tray`, such as `dark-ok`. */
    shows(drawing) {
      return until(`the tray icon is ${drawing}`, async () => {
        const { IconName } = await this.icon();
        const seen = pixels(IconName);
        if (seen.equals(drawn(drawing))) return true;
        throw new Error(`it is ${DRAWINGS.filter((name) => seen.equals(drawn(name)))}`);
      });
    },
    /** The whole menu: `{id, label, enabled, checked, entries}`, checked null without a box. */
    menu,
    /** The menu as text, a line an entry. */
    outline: async () => outline(await menu()),
    /** Waits for the entry with these labels from the top, a text or an expression each. */
    entry: (...way) => until(`the tray has ${way.join(' → ')}`, () => find(way)),
    /** Waits until an entry is as described, such as `{ checked: true }`. */
    becomes: (way, wanted) =>
      until(`${way.join(' → ')} is ${JSON.stringify(wanted)}`, async () => {
        const found = await find(way);
        const is = Object.entries(wanted).every(([key, value]) => found[key] === value);
        if (!is) throw new Error(JSON.stringify(found));
        return found;
      }),
    /** Clicks the entry with these labels. One that is grey cannot be clicked. */
    async click(...way) {
      const { id, enabled, label } = await this.entry(...way);
      if (!enabled) throw new Error(`“${label}” is grey`);
      await ask('Event', 'isvu', [id, 'clicked', new Variant('i', 0), 0]);
    },
    /** The panel goes away. */
    close: () => bus.disconnect(),
  };
}

const BUS = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
const named = ({ owner, path }) => owner + path;
const matches = (label, wanted) =>
  wanted instanceof RegExp ? wanted.test(label) : label === wanted;

function only(items) {
  if (items.length !== 1) throw new Error(`there are ${items.length} tray icons`);
  return items[0];
}

function entry([id, properties, children]) {
  const box = properties['toggle-type'] === 'checkmark';
  return {
    id,
    separator: properties.type === 'separator',
    // A single underscore marks the key that picks the entry.
    label: (properties.label ?? '').replaceAll(/_(.)/g, '$1'),
    enabled: properties.enabled ?? true,
    checked: box ? properties['toggle-state'] === 1 : null,
    entries: children.filter(([, { visible }]) => visible !== false).map(entry),
  };
}

function outline(entries, indent = '') {
  return entries
    .map(({ separator, label, enabled, checked, entries: inner }) => {
      const box = checked === null ? '' : checked ? '[x] ' : '[ ] ';
      const line = separator ? '---' : `${box}${label}${enabled ? '' : ' (grey)'}`;
      return [`${indent}${line}`, ...(inner.length > 0 ? [outline(inner, `${indent}  `)] : [])];
    })
    .flat()
    .join('\n');
}

const decoded = new Map();

function drawn(name) {
  if (!decoded.has(name)) decoded.set(name, pixels(join(ICONS, `tray-${name}@2x.png`)));
  return decoded.get(name);
}

const pixels = (png) =>
  // What it says is in the error where one is thrown: an icon may just be replaced.
  execFileSync('convert', [png, '-depth', '8', 'rgba:-'], { maxBuffer: 1 << 24, stdio: 'pipe' });
