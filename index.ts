/** The package `masgpt-temporal`: plugins for workers, and the typed client. */
export { AnswerPlugin } from './workers/answer-plugin.ts';
export { DatasetPlugin } from './workers/dataset-plugin.ts';
export { EvaluationPlugin } from './workers/evaluation-plugin.ts';
export { TrainingPlugin } from './workers/training-plugin.ts';
export type { MasPluginOptions } from './workers/mas-plugin.ts';
export { loadConfig } from './workers/config/load.ts';
export { type Config, configSchema } from './workers/config/schema.ts';
export { type Queues, queuesOf } from './workflows/shared/queues.ts';
export { openServices } from './workers/open-services.ts';
export type { Services } from './workers/services.ts';
export { createMasClient, type MasClient, type RunHandle } from './clients/client.ts';
