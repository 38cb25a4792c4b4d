/**
 * `npm run chaos -- training [--smoke | --long] [--kills=N] [--minutes=N] [--seed=N] [--json]`: faults without end, and what they
 * change. Exit 1 when a promise is broken. SIGINT begins no further run and reports.
 */
import { loadavg } from 'node:os';
import { type ChaosForm, chaosOfTraining } from './training.ts';

const endless = 24 * 60;
const usual = { partsEveryMs: 70_000, partsLeftOut: [], torchrunEvery: 10 } as const;
const forms: Readonly<Record<string, ChaosForm>> = {
  '--smoke': {
    ...{ kills: 20, minutes: 1.5, runsAtOnce: 4, realKills: 1, torchrunEvery: 0, seed: 1 },
    ...{ partsEveryMs: 12_000, partsLeftOut: ['workerStopped'] },
  },
  '': { ...usual, kills: 200, minutes: 8, runsAtOnce: 8, realKills: 3, seed: 2 },
  '--long': { ...usual, kills: 1_000, minutes: endless, runsAtOnce: 20, realKills: 20, seed: 3 },
};

const [what, ...flags] = process.argv.slice(2);
const numberOf = (name: string): number | undefined => {
  const given = flags.find((flag) => flag.startsWith(`--${name}=`));
  return given && /^[1-9]\d*$/.test(given.split('=')[1] ?? '') ? Number(given.split('=')[1]) : undefined;
};
const numbers = ['kills', 'minutes', 'seed'] as const;
const isNumber = (flag: string): boolean =>
  numbers.some((name) => flag.startsWith(`--${name}=`) && numberOf(name) !== undefined);
const [named = '', ...more] = flags.filter((flag) => flag !== '--json' && !isNumber(flag));
const form = forms[named];
if (what !== 'training' || !form || more.length > 0) {
  process.stderr.write(
    'usage: npm run chaos -- training [--smoke | --long] [--kills=N] [--minutes=N] [--seed=N] [--json]\n',
  );
  process.exit(2);
}

const stopped = new AbortController();
process.once('SIGINT', () => stopped.abort());
const beganMs = performance.now();
const given = Object.fromEntries(numbers.flatMap((name) => (numberOf(name) ? [[name, numberOf(name)]] : [])));
const { metrics, byFault, broken, notHere } = await chaosOfTraining(
  { ...form, ...given },
  (text) => process.stderr.write(`${text}\n`),
  stopped.signal,
);
const { duplicates, stuck, falseSuccesses, failures, falseHangs, otherBroken, realModelsEqualRate } = metrics;
const wrong = duplicates + stuck + falseSuccesses + failures + falseHangs + otherBroken;
const machine = { seconds: Math.round((performance.now() - beganMs) / 1_000), load5Minutes: loadavg()[1] };
if (flags.includes('--json'))
  process.stdout.write(
    `${JSON.stringify({ name: 'training', ...machine, metrics, byFault, broken, notHere })}\n`,
  );
else {
  for (const [name, value] of Object.entries({ ...machine, ...metrics }))
    process.stdout.write(`${name.padEnd(26)}${value}\n`);
  for (const [fault, ends] of Object.entries(byFault))
    process.stdout.write(`  ${fault.padEnd(24)}${JSON.stringify(ends)}\n`);
  for (const text of broken) process.stdout.write(`${text}\n`);
}
process.exitCode = wrong > 0 || realModelsEqualRate < 1 ? 1 : 0;
process.exit();
