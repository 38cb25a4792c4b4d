/** `hf:OWNER/NAME[@REVISION][:PATH]`: files of a dataset on a hub. PATH is a file, a directory, or has `*` for parts of a name. */
import { UsageError } from '../errors.ts';

export interface HubReference {
  /** "OWNER/NAME". */
  readonly dataset: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Absent: the files of the benchmark's split. */
  readonly path?: string;
}

const namePattern = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;
const revisionPattern = /^[\w][\w./-]{0,199}$/;

export function isHubReference(text: string): boolean {
  return text.startsWith('hf:');
}

/** Throws `UsageError` with the form that is expected. */
export function parseHubReference(text: string): HubReference {
  const match = /^hf:([^@:]+)(?:@([^:]+))?(?::(.+))?$/.exec(text);
  const [, dataset = '', revision = 'main', path] = match ?? [];
  if (!namePattern.test(dataset) || !revisionPattern.test(revision) || revision.includes('..'))
    throw new UsageError(
      `${text.slice(0, 200)} names no dataset of a hub`,
      'write hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME@REVISION:PATH',
    );
  return { dataset, revision, ...(path === undefined ? {} : { path: path.replace(/^\/+/, '') }) };
}
