/** The bundle's entry: the workflow functions, nothing else. */
export { runBatch } from './matrix/run-batch.ts';
export { answerQuery } from './answer/answer-query.ts';
export { superviseTraining } from './training/supervise-training.ts';
export { launchAttempt } from './training/launch-attempt.ts';
export { tellOperators } from './training/notices.ts';
export { buildDataset } from './dataset/build-dataset.ts';
export { verifyDataset } from './dataset/verify-dataset.ts';
export { evaluateBenchmarks } from './evaluation/evaluate-benchmarks.ts';
