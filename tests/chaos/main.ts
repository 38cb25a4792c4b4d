/** `npm run chaos -- training [--smoke | --long] [--kills=N] [--json]`: faults without end, and what they change. Exit 1 when a promise is broken. */
import { type ChaosForm, chaosOfTraining } from './training.ts';

const forms: Readonly<Record<string, ChaosForm>> = {
  '--smoke': { kills: 20, runsAtOnce: 4, partsEveryMs: 20_000, realKills: 1, seed: 1 },
  '': { kills: 200, runsAtOnce: 8, partsEveryMs: 30_000, realKills: 3, seed: 2 },
  '--long': { kills: 1_000, runsAtOnce: 20, partsEveryMs: 30_000, realKills: 20, seed: 3 },
};

const [what, ...flags] = process.argv.slice(2);
const json = flags.includes('--json');
const kills = Number(flags.find((flag) => flag.startsWith('--kills='))?.slice('--kills='.length) ?? 0);
const form = forms[flags.find((flag) => flag !== '--json' && !flag.startsWith('--kills=')) ?? ''];
if (what !== 'training' || !form) {
  process.stderr.write('usage: npm run chaos -- training [--smoke | --long] [--kills=N] [--json]\n');
  process.exit(2);
}

const { metrics, byFault, reports } = await chaosOfTraining(
  { ...form, ...(kills > 0 ? { kills } : {}) },
  (text) => process.stderr.write(`${text}\n`),
);
const unlike = metrics.realModelsEqualRate < 1 ? 1 : 0;
const broken = unlike + metrics.duplicates + metrics.stuck + metrics.falseSuccesses + metrics.failures;
if (json) process.stdout.write(`${JSON.stringify({ name: 'training', metrics, byFault })}\n`);
else {
  for (const [name, value] of Object.entries(metrics)) process.stdout.write(`${name.padEnd(24)}${value}\n`);
  for (const [fault, count] of Object.entries(byFault))
    process.stdout.write(`  ${fault.padEnd(28)}${count}\n`);
  for (const { name, failure } of reports) if (failure) process.stdout.write(`${name}: ${failure}\n`);
}
process.exitCode = broken > 0 ? 1 : 0;
process.exit();
