/**
 * What a command prints. With --json, stdout carries exactly one JSON document and all else goes to stderr, also what
 * libraries print; without it, stdout carries the human text. Progress is one line redrawn, or plain lines when stderr
 * is no terminal.
 */
import { terminal } from '../../workflows/shared/encode/terminal.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import { type AgentsScreen, createAgentsScreen } from './agents-screen.ts';
import { createProgressLine } from './progress-line.ts';

export interface Output {
  readonly json: boolean;
  /** The human result; nothing with --json. */
  print(text: string): void;
  /** A document that others read, as it stands: its writer has encoded it. Nothing with --json. */
  write(text: string): void;
  /** Remarks on the way, to stderr. */
  note(text: string): void;
  /** What a run's `progress` query answers. */
  progress(label: string, progress: Progress): void;
  /** Draws an answer's agents in place; null where standard error is no terminal that can. */
  readonly agents: AgentsScreen | null;
  /** Ends the progress line. */
  end(): void;
}

const stdout = process.stdout.write.bind(process.stdout);

export function createOutput(json: boolean): Output {
  if (json) redirectStdout();
  const line = createProgressLine(process.stderr);
  const agents = createAgentsScreen(process.stderr, process.env);
  const clear = (): void => {
    line.clear();
    agents?.clear();
  };
  return {
    json,
    print(text) {
      if (json) return;
      clear();
      stdout(`${terminal(text)}\n`);
    },
    write(text) {
      if (json) return;
      clear();
      stdout(text);
    },
    note(text) {
      clear();
      process.stderr.write(`${terminal(text)}\n`);
    },
    agents,
    progress: (label, progress) => line.update(label, progress),
    end() {
      line.end();
      agents?.end();
    },
  };
}

/** The one JSON document; waits until the pipe has taken it. */
export function writeDocument(document: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout(`${JSON.stringify(document, null, 2)}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function redirectStdout(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
  for (const method of ['log', 'info', 'debug'] as const) console[method] = console.error;
}
