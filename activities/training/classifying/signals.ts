/** Signals behind an exit: by name, or as 128 + number in the code of a shell, a container or a launcher. */

const byNumber: Readonly<Record<number, string>> = {
  ...{ 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS' },
  ...{ 8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 13: 'SIGPIPE', 15: 'SIGTERM', 24: 'SIGXCPU', 25: 'SIGXFSZ' },
  31: 'SIGSYS',
};

/** Native code ended the process. */
export const nativeSignals: ReadonlySet<string> = new Set([
  ...['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS'],
]);

export function signalOf(
  exit: { readonly code: number | null; readonly signal: string | null } | null,
): string | null {
  if (exit?.signal) return exit.signal;
  return exit?.code && exit.code > 128 ? (byNumber[exit.code - 128] ?? null) : null;
}
