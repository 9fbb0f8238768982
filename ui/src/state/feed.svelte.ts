/**
 * The gateway's state as the page knows it, from one stream of events. A
 * stream that breaks is opened again and again; until it is, the last state
 * stays and `outage` says why, because "could not read" is not "empty".
 */

import { hearEvents, readHistory } from '../api/gateway';
import { OutageError, RefusedError, type Outage } from '../api/transport';
import type { Pool, Pulse, Server, ServerPulse, Status } from '../api/types';
import { Ring } from './ring';

/** A stream that breaks is taken up again so fast that nobody has to be told, if that works. */
export const FIRST_RETRY_MS = 250;
export const LAST_RETRY_MS = 5000;
/** There is a pulse each second; a stream without one for this long is broken, whatever it says. */
export const SILENCE_MS = 10_000;

/** Bytes of memory and percent of one core; null where no process of it runs here. */
export type Usage = Pick<Server, 'memory' | 'cpu'>;

/** One server's activity. `now` changes only when its numbers do. */
class Activity {
  now = $state.raw<ServerPulse | null>(null);
  readonly ring = new Ring();
  /** The gateway was asked for what happened before this page was opened. */
  filled = false;

  push(at: number, pulse: ServerPulse): void {
    const { active, total, waiting, calls, memory, cpu } = pulse;
    this.ring.push([at, active, total, waiting, calls, memory, cpu]);
    if (this.now === null || !same(this.now, pulse)) this.now = pulse;
  }
}

const same = (a: ServerPulse, b: ServerPulse) =>
  a.active === b.active &&
  a.total === b.total &&
  a.waiting === b.waiting &&
  a.calls === b.calls &&
  a.memory === b.memory &&
  a.cpu === b.cpu;

export class Feed {
  /** The last status; replaced as a whole when anything but pool counts and uptime changes. */
  status = $state.raw<Status | null>(null);
  /** The last pulse, new each second: the clock of what is drawn live. */
  pulse = $state.raw<Pulse | null>(null);
  /** Why the state is not up to date; null while it is. */
  outage = $state.raw<Outage | null>(null);
  /** When the state was heard that stands during an outage. */
  heardAt = $state.raw<Date | null>(null);
  /** Counts the news about accounts, clients and secrets. */
  accountNews = $state(0);

  #activities = $state.raw<ReadonlyMap<string, Activity>>(new Map());
  #stopStream: () => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #lastHeard = 0;
  #stopped = true;

  /** Listens now and from now on. Returns what ends it. */
  start(): () => void {
    this.#stopped = false;
    const wake = () => {
      if (!document.hidden && this.outage !== null) this.refresh();
    };
    document.addEventListener('visibilitychange', wake);
    this.#watch = setInterval(() => this.#checkSilence(), SILENCE_MS / 4);
    this.refresh();
    return () => {
      this.#stopped = true;
      this.#stopStream();
      clearTimeout(this.#timer);
      clearInterval(this.#watch);
      document.removeEventListener('visibilitychange', wake);
    };
  }

  /** Opens the stream anew, at once: there may be a new token, or a new gateway. */
  refresh(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#stopStream();
    this.#lastHeard = Date.now();
    this.#stopStream = hearEvents({
      status: (status) => this.#hearStatus(status),
      pulse: (pulse) => this.#hearPulse(pulse),
      accounts: () => {
        this.#heard();
        this.accountNews += 1;
      },
      end: (error) => this.#lost(error),
    });
  }

  /** The server called `name`, if there is one. */
  server(name: string): Server | null {
    return this.status?.servers.find((server) => server.name === name) ?? null;
  }

  /** A server's numbers of this second; null before its first pulse. */
  live(name: string): ServerPulse | null {
    return this.#activities.get(name)?.now ?? null;
  }

  /** A server's connections now: the pulse's numbers where there are any. */
  pool(server: Server): Pool {
    const now = this.live(server.name);
    if (now === null) return server.pool;
    const { active, total, waiting } = now;
    return { active, total, waiting, idle: Math.max(0, total - active), max: server.pool.max };
  }

  /** What a server's processes take now. */
  usage(server: Server): Usage {
    return this.live(server.name) ?? server;
  }

  /** A server's last ten minutes. Not reactive: draw it again with each `pulse`. */
  ring(name: string): Ring | null {
    return this.#activities.get(name)?.ring ?? null;
  }

  /** Asks the gateway, once, for what it remembers of a server, and puts it into its ring. */
  async backfill(name: string): Promise<void> {
    const activity = this.#activities.get(name);
    if (activity === undefined || activity.filled) return;
    activity.filled = true;
    try {
      activity.ring.backfill((await readHistory(name)).samples);
    } catch (error) {
      // The plot begins now, then; it may be asked for again.
      activity.filled = false;
      if (!(error instanceof OutageError || error instanceof RefusedError)) throw error;
    }
  }

  #hearStatus(status: Status): void {
    this.#heard();
    this.status = status;
    this.#knowServers(status.servers.map((server) => server.name));
  }

  #hearPulse(pulse: Pulse): void {
    this.#heard();
    for (const [name, one] of Object.entries(pulse.servers)) {
      this.#activities.get(name)?.push(pulse.at, one);
    }
    this.pulse = pulse;
  }

  /** Keeps the rings of the servers that are still there, and no others. */
  #knowServers(names: string[]): void {
    const known = this.#activities;
    if (names.length === known.size && names.every((name) => known.has(name))) return;
    this.#activities = new Map(names.map((name) => [name, known.get(name) ?? new Activity()]));
  }

  #heard(): void {
    this.#lastHeard = Date.now();
    this.#failures = 0;
    this.outage = null;
  }

  #lost(error: OutageError | RefusedError | null): void {
    const outage: Outage =
      error === null
        ? { kind: 'unreachable' }
        : error instanceof OutageError
          ? error.outage
          : { kind: 'unreadable', status: 0 };
    // A gateway that moves to another port, or comes back at once, is no news.
    const wasFine = this.#failures === 0 && this.status !== null && this.outage === null;
    if (!wasFine || outage.kind !== 'unreachable') {
      if (this.outage === null) this.heardAt = new Date(this.#lastHeard);
      this.outage = outage;
    }
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures += 1;
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.refresh(), delay);
  }

  #checkSilence(): void {
    if (this.outage !== null || Date.now() - this.#lastHeard < SILENCE_MS) return;
    this.#stopStream();
    this.#lost(new OutageError({ kind: 'unreachable' }));
  }
}

export const feed = new Feed();
