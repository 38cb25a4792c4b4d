/** Whether trainers started here outlive the worker's own unit or container. Where they do not, that is no fault, but to be known. */
import { probeScope } from '../../activities/training/launchers/probe-scope.ts';
import { findInterpreter } from '../../workers/host/python-interpreter.ts';
import type { Check } from './doctor.ts';

const name = 'training scope';

export async function checkTrainingScope(env: NodeJS.ProcessEnv): Promise<Check> {
  try {
    const { kind, container } = await probeScope((await findInterpreter(env)).path);
    if (container) {
      return {
        ...{ name, ok: true, detail: `${kind}, in a container: its end ends trainers, too` },
        remedy: 'to update the worker without stopping trainers, run it outside of containers',
      };
    }
    if (kind !== 'session')
      return { name, ok: true, detail: `${kind}: trainers outlive the worker and its unit` };
    return {
      ...{
        name,
        ok: true,
        detail: "session: trainers outlive the worker's process, not its unit or control group",
      },
      remedy:
        'run the worker as root or under a systemd user session, or stop its unit with KillMode=process',
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return { name, ok: true, detail: `not looked at: ${detail}` };
  }
}
