/** One line on what was seen, for people: facts first, then what was told, cut and free of control characters. */
import { leadOf } from '../attempt-view.ts';
import type { Seen, Verdict } from './observation.ts';
import { clean } from '../watching/event.ts';

const maxChars = 600;

export function evidenceOf(seen: Seen, verdict: Verdict): string {
  const { view, exit, stopping, error, maxSteps, attempt } = seen;
  const lead = leadOf(view);
  const parts = [`step ${lead.step} of ${maxSteps}`, `phase ${lead.phase}`];
  if (attempt === 'ended') parts.push(endOf(exit));
  if (exit?.oomKills) parts.push(`${exit.oomKills} out-of-memory kills`);
  if (exit?.reason) parts.push(`the shim says ${exit.reason}`);
  if (lead.end) parts.push(`said ${lead.end}`);
  if (stopping) parts.push(`stopped by the supervisor: ${stopping.by}`);
  if (verdict.why) parts.push(verdict.why);
  if (error && error.message !== verdict.why)
    parts.push(`rank ${error.rank}: ${error.type} in ${error.phase}: ${error.message}`);
  if (view.finiteness.scalerSkips > 0)
    parts.push(`${view.finiteness.scalerSkips} steps left out by the scaler`);
  parts.push(...flaws(seen));
  return clean(parts.join(', '), maxChars);
}

function endOf(exit: Seen['exit']): string {
  if (exit === null) return 'no exit record';
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

/** What was wrong with the event files, over all ranks. */
function flaws({ view }: Seen): string[] {
  const sum = (field: 'garbage' | 'gaps' | 'shrunk' | 'restarts' | 'foreign'): number =>
    view.ranks.reduce((total, { file }) => total + file[field], 0);
  const told = [
    [sum('garbage'), 'lines that are no events'],
    [sum('gaps'), 'events missing'],
    [sum('shrunk'), 'times an event file shrank'],
    [sum('restarts'), 'times a rank began anew'],
    [sum('foreign'), 'events of other attempts'],
  ] as const;
  return told.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
}
