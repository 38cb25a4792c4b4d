/**
 * Sandboxes for executions that began with another guest than this release's: started when first asked for, proved by the
 * self-test, closed when unused for a while. The walls are this release's; only the library inside them is the older one.
 */
import type { Blobs } from '../storage/blobs.ts';
import type { Child } from './child.ts';
import { tryLevel } from './choose-level.ts';
import { installGuest } from './guest-files.ts';
import { fetchGuest, type GuestIdentity } from './guest-manifest.ts';
import type { SandboxLevel } from './sandbox.ts';
import type { Zygote } from './zygote.ts';

export interface OlderGuests {
  /** A child with that guest; null when it cannot be had here, which is logged once. `done` when the child has ended. */
  take(guest: string): Promise<{ readonly child: Child; readonly done: () => void } | null>;
  close(): Promise<void>;
}

export interface OlderGuestsOptions {
  /** Where guests are kept; without it there are no older ones. */
  readonly blobs?: Blobs | undefined;
  readonly present: GuestIdentity;
  readonly level: SandboxLevel;
  readonly stateDirectory: string;
  /** `directory`: the guest's files. */
  readonly start: (level: SandboxLevel, directory: string) => Promise<Zygote>;
  readonly log: (message: string) => void;
  readonly idleMs?: number | undefined;
}

interface Guest {
  readonly zygote: Promise<Zygote | string>;
  users: number;
  timer: NodeJS.Timeout | undefined;
}

/** A guest that could not be had is asked for again after this time. */
const retryMs = 300_000;

export function createOlderGuests(options: OlderGuestsOptions): OlderGuests {
  const { idleMs = 60_000 } = options;
  const guests = new Map<string, Guest>();

  async function open(name: string): Promise<Zygote | string> {
    const zygote = await startGuest(name, options);
    const short = name.slice(0, 12);
    if (typeof zygote === 'string') options.log(`guest ${short} cannot be had here: ${zygote}`);
    else options.log(`programs that began with guest ${short} go on with it`);
    return zygote;
  }

  function guestOf(name: string): Guest {
    const known = guests.get(name);
    if (known) return known;
    const guest: Guest = { zygote: open(name), users: 0, timer: undefined };
    guest.zygote.catch(() => forget(name, guest));
    guests.set(name, guest);
    return guest;
  }

  function forget(name: string, guest: Guest): void {
    clearTimeout(guest.timer);
    if (guests.get(name) === guest) guests.delete(name);
  }

  async function retire(name: string, guest: Guest): Promise<void> {
    forget(name, guest);
    const zygote = await guest.zygote.catch(() => '');
    if (typeof zygote !== 'string') await zygote.close();
  }

  function hold(name: string, guest: Guest): () => void {
    clearTimeout(guest.timer);
    guest.users += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      guest.users -= 1;
      if (guest.users === 0) guest.timer = setTimeout(() => void retire(name, guest), idleMs).unref();
    };
  }

  return {
    async take(name) {
      for (;;) {
        const guest = guestOf(name);
        const done = hold(name, guest);
        try {
          const zygote = await guest.zygote;
          if (typeof zygote === 'string') {
            clearTimeout(guest.timer);
            guest.timer = setTimeout(() => forget(name, guest), retryMs).unref();
            return null;
          }
          if (zygote.alive) return { child: await zygote.connect(), done };
          forget(name, guest);
        } catch (error) {
          done();
          throw error;
        }
      }
    },
    async close() {
      await Promise.all([...guests].map(([name, guest]) => retire(name, guest)));
    },
  };
}

/** A proved zygote; else why there is none, in words. Throws `Storage.*`. */
async function startGuest(name: string, options: OlderGuestsOptions): Promise<Zygote | string> {
  const { blobs, present, level, stateDirectory, start } = options;
  if (!blobs) return 'guests are not kept';
  const library = await fetchGuest(blobs, name, present);
  if (typeof library === 'string') return library;
  const { directory } = await installGuest(stateDirectory, library);
  const { trial, zygote } = await tryLevel(level, {
    stateDirectory,
    start: (wanted) => start(wanted, directory),
  });
  return zygote ?? trial.reason;
}
