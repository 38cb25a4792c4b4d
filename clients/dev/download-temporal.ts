/** Fetches the Temporal CLI from Temporal's own download service, as the SDK does; gives up soon where it cannot be reached. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { x } from 'tinyexec';
import { temporalVersion } from './build-temporal.ts';

const answerWithinMs = 10_000;
const downloadWithinMs = 300_000;

export async function downloadTemporal(
  file: string,
  options: { readonly note: (text: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const platform = process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `https://temporal.download/cli/archive/v${temporalVersion}?platform=${platform}&arch=${arch}`;
  const response = await request(url, options.signal);
  options.note(`downloading the Temporal server ${temporalVersion}`);
  await mkdir(dirname(file), { recursive: true });
  const directory = await mkdtemp(`${file}-download-`);
  try {
    const archive = join(directory, 'temporal.tar.gz');
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, createWriteStream(archive), { signal: AbortSignal.timeout(downloadWithinMs) });
    const { exitCode, stderr } = await x('tar', ['-xzf', archive, '-C', directory, 'temporal']);
    if (exitCode !== 0) throw new Error(`the archive does not unpack: ${stderr.trim().slice(0, 200)}`);
    const binary = join(directory, 'temporal');
    await chmod(binary, 0o755);
    const version = await x(binary, ['--version']);
    if (!version.stdout.includes(temporalVersion))
      throw new Error(`the archive holds another version: ${version.stdout.trim()}`);
    await rename(binary, file);
    return file;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Fails when no answer starts in time; the body may then take longer. */
async function request(url: string, signal: AbortSignal | undefined): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answerWithinMs);
  try {
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
    });
    if (!response.ok || !response.body) throw new Error(`${new URL(url).host} answered ${response.status}`);
    return response;
  } catch (error) {
    if (late.signal.aborted)
      throw new Error(`${new URL(url).host} did not answer within ${answerWithinMs / 1_000} s`);
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`${error instanceof Error ? error.message : String(error)}${cause}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
