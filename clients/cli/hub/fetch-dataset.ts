/** The files of a hub's dataset that an import reads, downloaded at one commit into the home's `hub` directory. */
import { join } from 'node:path';
import type { HubOrigin } from '../../../activities/benchmarks/importers/import-report.ts';
import type { NamedFile } from '../../../activities/benchmarks/importers/list-files.ts';
import type { Config } from '../../../workers/config/schema.ts';
import { CommandFailed } from '../errors.ts';
import { chooseFiles } from './choose-files.ts';
import { download } from './download.ts';
import type { Hub } from './hub-http.ts';
import type { HubReference } from './hub-reference.ts';
import { listDataset } from './list-dataset.ts';

export interface FetchedDataset {
  readonly files: readonly NamedFile[];
  readonly origin: HubOrigin;
}

const maxBytes = 8 * 1024 ** 3;
const defaultEndpoint = 'https://huggingface.co';

/** The hub that the environment names. Throws `CommandFailed` for an address that is none. */
export function hubOf({ hub }: Pick<Config, 'hub'>, env: NodeJS.ProcessEnv, signal?: AbortSignal): Hub {
  const given = env[hub.endpointEnv] || defaultEndpoint;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new CommandFailed(`${hub.endpointEnv} is no http(s) address without a password in it`);
  return {
    endpoint: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    token: env[hub.tokenEnv]?.trim() || undefined,
    tokenEnv: hub.tokenEnv,
    signal,
  };
}

/** `split`: of the files, when the reference names no path. Throws `CommandFailed` with what to do. */
export async function fetchDataset(
  hub: Hub,
  reference: HubReference,
  { home, split, note }: { readonly home: string; readonly split: string; note(text: string): void },
): Promise<FetchedDataset> {
  const { dataset, revision: asked } = reference;
  const { commit, files: all } = await listDataset(hub, reference);
  const chosen = chooseFiles(all, reference, split);
  const bytes = chosen.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  if (bytes > maxBytes) throw new CommandFailed(`hf:${dataset}: these files have ${bytes} bytes in all`);
  const directory = join(home, 'hub', dataset.replace('/', '--'), commit);
  note(`hf:${dataset}@${commit.slice(0, 12)}: ${chosen.length} files, ${bytes} bytes`);
  const files: NamedFile[] = [];
  for (const file of chosen) {
    const target = join(directory, ...file.path.split('/'));
    await download(hub, { dataset, commit, file, target });
    files.push({ path: target, name: file.path });
  }
  return { files, origin: { endpoint: hub.endpoint, dataset, asked, revision: commit } };
}
