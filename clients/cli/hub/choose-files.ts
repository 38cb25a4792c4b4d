/** Which files of a hub's dataset an import reads: those that the path names, else the data files of one split. */
import { splitOf } from '../../../activities/benchmarks/importers/split-of.ts';
import { CommandFailed } from '../errors.ts';
import type { HubReference } from './hub-reference.ts';
import type { HubFile } from './list-dataset.ts';

const maxFiles = 2_000;
const dataFile = /\.(?:parquet|jsonl|json|csv)(?:\.gz)?$/i;

/** `split`: of the benchmark. Throws `CommandFailed` when nothing fits, or configurations lie beside each other. */
export function chooseFiles(
  files: readonly HubFile[],
  { dataset, path }: HubReference,
  split: string,
): readonly HubFile[] {
  const data = files.filter(({ path: name }) => dataFile.test(name) && !name.endsWith('dataset_infos.json'));
  const chosen = path === undefined ? ofSplit(data, split) : named(files, data, path);
  const shown = (data.length > 0 ? data : files).slice(0, 12).map((file) => file.path);
  if (chosen.length === 0)
    throw new CommandFailed(
      `hf:${dataset}: there is no file ${path === undefined ? `of split ${split}` : path}; there are ${shown.join(', ')}`,
    );
  if (chosen.length > maxFiles)
    throw new CommandFailed(`hf:${dataset}: these are ${chosen.length} files: name a part of them`);
  const directories = [...new Set(chosen.map((file) => file.path.replace(/[^/]*$/, '')))];
  if (path === undefined && directories.length > 1)
    throw new CommandFailed(
      `hf:${dataset}: there are several configurations: ${directories.slice(0, 12).join(', ')}; name one, as in hf:${dataset}:${directories[0]}`,
    );
  return chosen.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Parquet where there is some: hubs keep it beside the files that it was made from. */
function ofSplit(data: readonly HubFile[], split: string): readonly HubFile[] {
  const parquet = data.filter(({ path }) => path.endsWith('.parquet'));
  const files = parquet.length > 0 ? parquet : data;
  const fitting = files.filter(({ path }) => splitOf(path) === split);
  return fitting.length > 0 ? fitting : files.filter(({ path }) => splitOf(path) === undefined);
}

function named(files: readonly HubFile[], data: readonly HubFile[], path: string): readonly HubFile[] {
  const exact = files.filter((file) => file.path === path);
  if (exact.length > 0) return exact;
  const escaped = path.replace(/\/+$/, '').replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replace(/\*+/g, '[^/]*')}(?:/|$)`);
  return data.filter((file) => pattern.test(file.path));
}
