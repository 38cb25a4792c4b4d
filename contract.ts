/** The package's `./contract`: names, schemas and types of the workflows, which clients and workers share. */
export * from './workflows/answer/contract.ts';
export * from './workflows/dataset/contract.ts';
export * from './workflows/dataset/export-contract.ts';
export * from './workflows/dataset/verify-contract.ts';
export * from './workflows/evaluation/contract.ts';
export * from './workflows/training/contract.ts';
export { type Progress, progressQuery } from './workflows/shared/progress.ts';
export { type Queues, queuesOf } from './workflows/shared/queues.ts';
