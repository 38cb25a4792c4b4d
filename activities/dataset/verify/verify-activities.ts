/** The activities of verifyDataset over their ports. */
import type { VerifyActivities } from '../../../workflows/dataset/verify-contract.ts';
import { withHeartbeats } from '../../heartbeating.ts';
import { createProgramRunner, type ProgramRunnerParts } from '../../mas/run-program.ts';
import { createResolveVerify, type ResolveVerifyParts } from './resolve-verify.ts';
import { createSampleRows, type SampleRowsParts } from './sample-rows.ts';
import { createSummariseVerification } from './summarise-verification.ts';
import { createVerifyRows, type VerifyRowsParts } from './verify-rows.ts';

export type VerifyParts = ResolveVerifyParts &
  SampleRowsParts &
  ProgramRunnerParts &
  Omit<VerifyRowsParts, 'runner'>;

export function createVerifyActivities(parts: VerifyParts): VerifyActivities {
  return {
    resolveVerifyInput: createResolveVerify(parts),
    sampleRows: withHeartbeats(createSampleRows(parts)),
    verifyRows: createVerifyRows({ ...parts, runner: createProgramRunner(parts) }),
    summariseVerification: withHeartbeats(createSummariseVerification(parts)),
  };
}
