/** What the kernel has said since a process started, where this process may read it; nothing otherwise. */
import { x } from 'tinyexec';

const timeoutMs = 3_000;
const maxChars = 512 * 1024;
const ticksPerS = 100;
const line = /^\[\s{0,8}(\d{1,12}\.\d{6})\] (.{0,400})/;

/** `startTicks`: field 22 of /proc/PID/stat, hundredths of a second since boot. */
export async function readKernelLog(startTicks: string): Promise<string[]> {
  const sinceS = Number(startTicks) / ticksPerS;
  if (!Number.isFinite(sinceS)) return [];
  const result = await x('dmesg', [], { timeout: timeoutMs, throwOnError: false }).then(
    (ended) => ended,
    () => undefined,
  );
  if (result?.exitCode !== 0) return [];
  return result.stdout
    .slice(-maxChars)
    .split('\n')
    .flatMap((text) => {
      const match = line.exec(text);
      return match && Number(match[1]) >= sinceS ? [match[2] as string] : [];
    });
}
