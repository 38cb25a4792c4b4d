/** The agents of an answer on a terminal, redrawn in place with the colours that it has. */
import type { Progress } from '../../workflows/shared/progress.ts';
import { drawAgents } from './agents-tree.ts';
import { createLiveView } from './live-view.ts';

export interface AgentsScreen {
  show(label: string, progress: Progress): void;
  clear(): void;
  end(): void;
}

/** Null for what cannot move its cursor. */
export function createAgentsScreen(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): AgentsScreen | null {
  if (!stream.isTTY || env['TERM'] === 'dumb') return null;
  const view = createLiveView(stream);
  const startedAtMs = performance.now();
  return {
    show(label, progress) {
      const colour = !env['NO_COLOR'] && stream.hasColors(16, env);
      // A terminal that does not know its size says 0.
      const size = { columns: stream.columns || 80, rows: stream.rows || 24 };
      const elapsedMs = performance.now() - startedAtMs;
      view.draw(drawAgents(progress, { label, ...size, elapsedMs, colour }));
    },
    clear: () => view.clear(),
    end: () => view.end(),
  };
}
