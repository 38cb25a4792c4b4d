/** A child that runs code under test or its tests: its frames by schema, and its end in words. */
import type { z } from 'zod';
import type { Child } from './child.ts';
import { exitOutcome, wasKilled } from './exit-outcome.ts';
import { parseFrame } from './frames.ts';

export interface CodeChildListener<Frame> {
  onFrame(frame: Frame): void;
  /** It is gone, or was killed since it broke the protocol; once. `killed`: not by the host (exit-outcome.ts). */
  onEnd(reason: string, killed: boolean): void;
  /** The sandbox itself broke. */
  onBroke(): void;
}

export interface CodeChild {
  send(frame: unknown): void;
  /** Kills it; resolves when the process is gone. */
  close(): Promise<void>;
}

/** Honest code sends its printed lines by the hundred, and little else unasked. */
const unaskedFrames = 2_000;
const framesPerReply = 20;

export function openCodeChild<Frame>(
  child: Child,
  schema: z.ZodType<Frame>,
  start: { readonly cpuS: number },
  listener: CodeChildListener<Frame>,
): CodeChild {
  let over = false;
  let allowed = unaskedFrames;
  let gone = (): void => {};
  const exited = new Promise<void>((resolve) => (gone = resolve));
  const end = (reason: string, killed = false): void => {
    if (!over) listener.onEnd(reason, killed);
    over = true;
    child.kill();
  };
  child.listen({
    line(line) {
      if (over) return;
      allowed -= 1;
      if (allowed < 0) return end('the code sent too much');
      const frame = parseFrame(line, schema);
      if (frame === null) end('the code wrote to the control socket');
      else listener.onFrame(frame);
    },
    overflow: () => end('the code sent too much'),
    ended(exit) {
      const { message } = exitOutcome(exit, start.cpuS);
      end(message.replaceAll('the program', 'the code'), wasKilled(exit, start.cpuS));
      gone();
    },
    broke() {
      if (!over) listener.onBroke();
      over = true;
      gone();
    },
  });
  child.send(start);
  return {
    send(frame) {
      allowed += framesPerReply;
      child.send(frame);
    },
    async close() {
      over = true;
      child.kill();
      await exited;
    },
  };
}
