/** Runs a program to its end; its output lines go to a listener, and its last lines into the error of a failure. */
import { spawn } from 'node:child_process';

export interface RunLoggedOptions {
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
}

export async function runLogged(
  command: string,
  args: readonly string[],
  options: RunLoggedOptions = {},
): Promise<void> {
  const child = spawn(command, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        options.onLine?.(line);
        if (line.trim()) last.push(line.trim());
        if (last.length > 6) last.shift();
      }
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0)
    throw new Error(
      `${command} ${args.slice(0, 3).join(' ')} failed (${code}): ${last.join(' | ').slice(-800)}`,
    );
}
