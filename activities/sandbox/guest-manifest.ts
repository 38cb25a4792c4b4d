/**
 * A guest by content: the library's files, the interpreter, its packages. The manifest is a blob, its address is the name of
 * the guest, and it names the files' blobs: who holds the name can tell whether what a store gives is what was meant.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isFailure } from '../failure.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import type { Python } from './find-python.ts';
import { type GuestFile, isLibraryFile } from './guest-files.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.object({
  version: z.literal(1),
  files: z.array(z.object({ name: z.string().refine(isLibraryFile), sha256 })).max(200),
  interpreter: z.object({ build: z.string(), sha256 }),
  /** Lock of numpy, pandas and matplotlib; null where they are off. */
  packages: sha256.nullable(),
});
type Manifest = z.infer<typeof manifestSchema>;

export interface GuestIdentity {
  /** Lower-case hex sha256 of the manifest. */
  readonly sha256: string;
  readonly manifest: string;
  readonly library: readonly GuestFile[];
}

export async function identifyGuest(
  library: readonly GuestFile[],
  python: Python,
  packages: string | null = null,
): Promise<GuestIdentity> {
  const files = library.map(({ name, content }) => ({ name, sha256: digestOf(content) }));
  const interpreter = { build: python.build, sha256: digestOf(await readFile(python.executable)) };
  const manifest = canonicalJson({ version: 1, files, interpreter, packages } satisfies Manifest);
  return { sha256: digestOf(manifest), manifest, library };
}

/** So that other releases can go on with it. The manifest comes last: where it is, the rest is. */
export async function keepGuest(blobs: Blobs, { manifest, library }: GuestIdentity): Promise<void> {
  await Promise.all(library.map(({ content }) => blobs.put(content)));
  await blobs.put(manifest);
}

/** Its library; else why it cannot be had here, in words. Throws `Storage.*`. */
export async function fetchGuest(
  blobs: Blobs,
  guest: string,
  present: GuestIdentity,
): Promise<readonly GuestFile[] | string> {
  try {
    const text = await blobs.getText(guest);
    if (digestOf(text) !== guest) return 'its manifest does not match its name';
    const manifest = manifestSchema.safeParse(JSON.parse(text));
    if (!manifest.success) return 'its manifest is of another form';
    const { files, interpreter } = manifest.data;
    const { interpreter: here } = manifestSchema.parse(JSON.parse(present.manifest));
    if (interpreter.sha256 !== here.sha256 || interpreter.build !== here.build)
      return `its interpreter is not the one of this machine (${oneLine(interpreter.build)})`;
    return await Promise.all(
      files.map(async ({ name, sha256 }) => ({ name, content: await blobs.get(sha256) })),
    );
  } catch (error) {
    if (isFailure(error, 'Input.NotFound')) return 'it is not in this store';
    if (isFailure(error, 'Storage.Corrupt')) return error.message;
    if (error instanceof SyntaxError) return 'its manifest is of another form';
    throw error;
  }
}

function digestOf(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 100);
}
