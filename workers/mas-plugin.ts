/**
 * What the product's plugins share. A plugin registers the activities of its domain on any worker it is given to, keeps the
 * user's own converters, interceptors and activities, and closes on shutdown what it opened itself, never what it was given.
 */
import { Context } from '@temporalio/activity';
import { SimplePlugin } from '@temporalio/plugin';
import { failure } from '../activities/failure.ts';
import { openDatabase } from '../activities/storage/database.ts';
import { createDataConverter } from '../activities/storage/payload-storage.ts';
import type { Database } from '../activities/storage/tables.ts';
import type { Config } from './config/schema.ts';
import type { Services } from './services.ts';

export interface MasPluginOptions {
  /** Parts opened, and later closed, by the caller; share one set among all plugins of a process. */
  readonly services?: Services;
  /** Instead of `services`: parts are opened from this when first needed, and closed when the last worker has stopped. */
  readonly config?: Config;
}

type Activity = (...args: never[]) => Promise<unknown>;
type ActivitiesOf<A> = { readonly [K in keyof A]: Activity };

/** A domain's activities: an object with functions only, and optionally something to close. */
export interface Domain<A extends ActivitiesOf<A>> {
  readonly name: string;
  readonly create: (services: Services) => A & Partial<AsyncDisposable>;
  /** Every activity of `A`: workers register names before the parts are open. */
  readonly activities: Readonly<Record<keyof A, true>>;
}

export class MasPlugin<A extends ActivitiesOf<A>> extends SimplePlugin {
  constructor(domain: Domain<A>, options: MasPluginOptions) {
    const parts = createParts(domain, options);
    super({
      name: domain.name,
      activities: lazyActivities(domain, parts.activities),
      // Big payloads travel through the store, unless the user has an external storage of his own.
      dataConverter: (given) => createDataConverter(parts.database(), given),
      runContext: (next) => parts.use(next),
    });
  }
}

interface Parts<A> {
  activities(): Promise<A>;
  /** For payloads; opened at once, connected when first used. */
  database(): Database;
  use(run: () => Promise<void>): Promise<void>;
}

function createParts<A extends ActivitiesOf<A>>(domain: Domain<A>, options: MasPluginOptions): Parts<A> {
  let opened: Promise<Services> | undefined;
  let created: Promise<A & Partial<AsyncDisposable>> | undefined;
  let payloads: Database | undefined;
  let workers = 0;

  const close = async (): Promise<void> => {
    const [activities, services] = await Promise.all([created?.catch(() => null), opened?.catch(() => null)]);
    created = opened = undefined;
    await activities?.[Symbol.asyncDispose]?.();
    if (!options.services) await services?.[Symbol.asyncDispose]();
    await payloads?.destroy();
    payloads = undefined;
  };

  return {
    activities() {
      // A failed opening is not kept: the next attempt of the activity tries again.
      opened ??= openParts(options).catch((error: unknown) => {
        opened = created = undefined;
        throw error;
      });
      return (created ??= opened.then(domain.create));
    },
    database: () => options.services?.database ?? (payloads ??= openPayloads(options)),
    /** One plugin may serve several workers of a process; the last one closes. */
    async use(run) {
      workers += 1;
      try {
        await run();
      } finally {
        workers -= 1;
        if (workers === 0) await close();
      }
    },
  };
}

function openPayloads({ config }: MasPluginOptions): Database {
  if (!config?.databaseUrl)
    throw new Error('a masgpt plugin needs `services`, or `config` with `databaseUrl`');
  return openDatabase(config.databaseUrl, { max: 2 });
}

async function openParts({ services, config }: MasPluginOptions): Promise<Services> {
  if (services) return services;
  if (!config) throw new Error('a masgpt plugin needs `services` or `config`');
  const { openServices } = await import('./open-services.ts');
  return await openServices(config);
}

function lazyActivities<A extends ActivitiesOf<A>>(
  domain: Domain<A>,
  load: () => Promise<A>,
): Record<string, Activity> {
  const names = Object.keys(domain.activities) as (keyof A & string)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      async (...args: never[]) => {
        const activities = await load();
        try {
          return await activities[name](...args);
        } catch (error) {
          throw defectOf(error) ?? error;
        }
      },
    ]),
  );
}

/** Attempts after which a defect of ours ends the activity: time enough for a rolling release to bring the mend. */
const defectAttempts = 6;

/** An error that only a wrong program throws would otherwise be retried in silence for ever. */
function defectOf(error: unknown): Error | undefined {
  const isDefect =
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError ||
    (error instanceof Error && error.name === 'ZodError');
  if (!isDefect || Context.current().info.attempt < defectAttempts) return undefined;
  const message = `a defect of this release (${error.name}: ${error.message.slice(0, 300)}): please report it`;
  return failure('Internal.Defect', message, { cause: error });
}
