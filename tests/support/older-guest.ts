/** A guest of an "earlier release": this one's library with a visible difference, kept in blobs as that release would have. */
import { fileURLToPath } from 'node:url';
import { findPython } from '../../activities/sandbox/find-python.ts';
import { type GuestFile, installGuest } from '../../activities/sandbox/guest-files.ts';
import { type GuestIdentity, identifyGuest, keepGuest } from '../../activities/sandbox/guest-manifest.ts';
import type { Blobs } from '../../activities/storage/blobs.ts';
import { sandboxDirectory } from './sandbox.ts';

export type Edit = readonly [file: string, before: string, after: string];

/** Draws other random numbers than this release's. */
export const otherDraws: Edit = ['seeding.py', "f'{_seed}/{line.path}'", "f'older/{_seed}/{line.path}'"];

/** Without `blobs` it is named, but kept nowhere. */
export async function olderGuest(blobs: Blobs | null, edit: Edit = otherDraws): Promise<GuestIdentity> {
  const guest = await installGuest(sandboxDirectory);
  const library = guest.library.map((file) => (file.name === edit[0] ? edited(file, edit) : file));
  const identity = await identifyGuest(library, await findPython(guest));
  if (blobs) await keepGuest(blobs, identity);
  return identity;
}

function edited({ name, content }: GuestFile, [, before, after]: Edit): GuestFile {
  const source = content.toString();
  if (!source.includes(before))
    throw new Error(`${fileURLToPath(import.meta.url)}: ${name} has no ${before}`);
  return { name, content: Buffer.from(source.replace(before, after)) };
}
