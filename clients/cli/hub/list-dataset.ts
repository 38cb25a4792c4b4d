/** The commit that a revision of a hub's dataset means, and the files in it (`/api/datasets/OWNER/NAME/revision/REVISION?blobs=true`). */
import { z } from 'zod';
import { CommandFailed } from '../errors.ts';
import { type Hub, persistently, request } from './hub-http.ts';
import type { HubReference } from './hub-reference.ts';

export interface HubFile {
  /** Below the dataset, with slashes; never leads out of it. */
  readonly path: string;
  readonly bytes?: number | undefined;
  /** sha256 of the content where it is stored apart (LFS, Xet), else the id of the git blob. */
  readonly digest?: { readonly kind: 'sha256' | 'git'; readonly hex: string } | undefined;
}

export interface HubDataset {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const maxListBytes = 32 * 1024 ** 2;

const listSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1),
      size: z.int().nonnegative().nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string().nullish(), oid: z.string().nullish() }).nullish(),
    }),
  ),
});

/** Throws `CommandFailed` when the dataset or the revision cannot be read, or the answer is not a hub's. */
export async function listDataset(hub: Hub, { dataset, revision }: HubReference): Promise<HubDataset> {
  const address = `${hub.endpoint}/api/datasets/${dataset}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const what = `hf:${dataset}@${revision}`;
  const answer = await persistently(hub, what, async () =>
    shortText(await request(hub, address, what, { accept: 'application/json' })),
  );
  const listed = listSchema.safeParse(parse(answer));
  if (!listed.success)
    throw new CommandFailed(
      `${what}: ${hub.endpoint} does not answer as a hub does: is it the right address?`,
    );
  const files = listed.data.siblings.map(({ rfilename, size, blobId, lfs }) => ({
    path: rfilename,
    bytes: size ?? undefined,
    digest: digestOf(lfs?.sha256 ?? lfs?.oid, blobId),
  }));
  return { commit: listed.data.sha, files: files.filter(({ path }) => staysInside(path)) };
}

async function shortText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > maxListBytes) throw new CommandFailed('the hub lists more files than are read');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digestOf(sha256: string | null | undefined, blob: string | null | undefined): HubFile['digest'] {
  const hex = sha256?.replace(/^sha256:/, '');
  if (hex !== undefined && /^[0-9a-f]{64}$/.test(hex)) return { kind: 'sha256', hex };
  if (typeof blob === 'string' && /^[0-9a-f]{40}$/.test(blob)) return { kind: 'git', hex: blob };
  return undefined;
}

function staysInside(path: string): boolean {
  const parts = path.split('/');
  return path.length <= 500 && !/[\\\0]/.test(path) && parts.every((part) => !['', '.', '..'].includes(part));
}
