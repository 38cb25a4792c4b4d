/** The sandbox of a command that needs no stack: opened here, closed at its end. */
import { join } from 'node:path';
import { openSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { sharedStateDirectory } from '../../../workers/host/directories.ts';
import { scienceOf } from '../../../workers/host/science.ts';
import type { LocalContext } from '../command.ts';

export async function openLocalSandbox({
  config,
  output,
}: Pick<LocalContext, 'config' | 'output'>): Promise<Sandbox> {
  const note = (text: string): void => output.note(text);
  return await openSandbox({
    ...config.sandbox,
    stateDirectory: join(sharedStateDirectory(config.home), 'sandbox'),
    science: await scienceOf(config, { note, env: process.env }),
    log: note,
  });
}
