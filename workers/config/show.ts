/** The configuration in effect as `PATH = VALUE (ORIGIN)`, without a secret: keys are named by variable, passwords hidden. */
import { loadConfigWithOrigins, type LoadConfigOptions, type Origin } from './load.ts';
import type { Config } from './schema.ts';

export interface Setting {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}

export async function showConfig(options: LoadConfigOptions): Promise<readonly Setting[]> {
  const { config, originOf } = await loadConfigWithOrigins(options);
  return settingsOf(hideSecrets(config), []).map(({ path, value }) => ({
    path,
    value,
    origin: originOf(path),
  }));
}

/** The same configuration, fit for printing. */
export function hideSecrets(config: Config): Config {
  return JSON.parse(JSON.stringify(config), (_key, value: unknown) =>
    typeof value === 'string' ? hidePassword(value) : value,
  ) as Config;
}

function hidePassword(text: string): string {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/@]*)@(.*)$/is.exec(text);
  if (!parts) return text.replace(/([?&]password=)[^&]*/gi, '$1***');
  const [, scheme = '', user = '', rest = ''] = parts;
  return `${scheme}${user.split(':')[0]}:***@${hidePassword(rest)}`;
}

function settingsOf(value: unknown, path: readonly string[]): { path: string; value: unknown }[] {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    (path.length > 0 && Object.keys(value).length === 0)
  ) {
    return [{ path: path.join('.'), value }];
  }
  return Object.entries(value).flatMap(([key, part]) => settingsOf(part, [...path, key]));
}
