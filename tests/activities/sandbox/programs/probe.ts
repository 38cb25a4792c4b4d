/** Prints as JSON which levels the place gives in which it is started. argv: a state directory. */
import { probeSandbox } from '../../../../activities/sandbox/probe-sandbox.ts';

const [, , stateDirectory = ''] = process.argv;
const probe = await probeSandbox({ memoryMb: 512, stateDirectory, log: () => {} });
process.stdout.write(`${JSON.stringify(probe.trials)}\n`);
