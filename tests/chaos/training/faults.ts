/** All that is done to a run, by the names of promises.ts. */
import { fileFaults } from './faults/files.ts';
import { processFaults } from './faults/processes.ts';
import type { Fault, Target } from './faults/target.ts';
import { workflowFaults } from './faults/workflow.ts';
import { type FaultName, promises } from './promises.ts';

const faults: Readonly<Record<FaultName, Fault>> = { ...processFaults, ...fileFaults, ...workflowFaults };

export const faultNames = Object.keys(promises) as readonly FaultName[];

export function faultNamed(name: FaultName): Fault {
  return faults[name];
}

export function suits(name: FaultName, target: Pick<Target, 'ranks' | 'torchrun'>): boolean {
  return faults[name].suits?.(target) ?? true;
}
