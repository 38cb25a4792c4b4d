/** Starts a script of the product that prints one JSON line on standard output when it is ready. */
import { productScript } from './product-script.ts';
import { startSupervised, type SupervisedProcess, tailOf } from './supervised-process.ts';

export interface ReadyProcess {
  readonly process: SupervisedProcess;
  /** The first line that the script printed, parsed. */
  readonly ready: unknown;
}

export interface ReadyOptions {
  readonly name: string;
  /** `workers/main.ts` */
  readonly module: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly timeoutMs?: number;
}

export async function startReadyProcess(options: ReadyOptions): Promise<ReadyProcess> {
  let settle: (line: string) => void = () => {};
  const firstLine = new Promise<string>((resolve) => (settle = resolve));
  const process_ = await startSupervised({
    command: process.execPath,
    args: [...productScript(options.module), ...(options.args ?? [])],
    env: options.env,
    logFile: options.logFile,
    onLine: (line) => settle(line),
    holdStdin: true,
  });
  const timeoutMs = options.timeoutMs ?? 120_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), timeoutMs)));
  const outcome = await Promise.race([
    firstLine.then((line) => ({ line })),
    process_.exited.then(() => 'ended' as const),
    late,
  ]);
  clearTimeout(timer);
  if (typeof outcome === 'object') return { process: process_, ready: JSON.parse(outcome.line) as unknown };
  await process_.stop();
  const what = outcome === 'ended' ? 'ended at start' : `was not ready after ${timeoutMs / 1_000} s`;
  throw new Error(`the ${options.name} ${what}; the end of ${options.logFile}:\n${tailOf(options.logFile)}`);
}
