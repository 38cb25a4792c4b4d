/** Settings of a simulator process, and the part of them (latency and faults) that POST /faults replaces at run time. */
import { z } from 'zod';

export const faultSettingsSchema = z.strictObject({
  latency: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('constant'), ms: z.number().nonnegative().max(600_000) }),
      z.strictObject({
        kind: z.literal('logNormal'),
        medianMs: z.number().positive().max(600_000),
        sigma: z.number().nonnegative().max(4),
      }),
    ])
    .default({ kind: 'none' }),
  /** Shares of requests, 0 to 1; drawn anew for each attempt, so that a retry may pass. */
  rates: z
    .strictObject({
      rateLimited: z.number().min(0).max(1).default(0),
      serverError: z.number().min(0).max(1).default(0),
      hang: z.number().min(0).max(1).default(0),
      cutStream: z.number().min(0).max(1).default(0),
      malformedJson: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
  /** Retry-After of a 429. */
  retryAfterS: z.number().nonnegative().default(1),
});
export type FaultSettings = z.infer<typeof faultSettingsSchema>;
export type FaultKind = keyof FaultSettings['rates'];

export interface SimulatorSettings {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly seed: number;
  /** Bearer token of POST /key and POST /faults; without one both are refused. */
  readonly token: string | undefined;
  /** Bearer key of the chat endpoints; without one any caller may chat. */
  readonly apiKey: string | undefined;
  /** JSON lines that keep the answer key over restarts, readable by this process alone. */
  readonly keyFile: string | undefined;
  /** File to which each request is appended (request-log.ts). */
  readonly requestLog: string | undefined;
  readonly faults: FaultSettings;
}

/** MASGPT_SIMULATOR_{HOST,PORT,SEED,TOKEN,API_KEY,KEY_FILE,REQUEST_LOG} and MASGPT_SIMULATOR_FAULTS (JSON as of POST /faults). */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): SimulatorSettings {
  const read = (name: string): string | undefined => environment[`MASGPT_SIMULATOR_${name}`] || undefined;
  return {
    host: read('HOST') ?? '127.0.0.1',
    port: z.coerce
      .number()
      .int()
      .min(0)
      .max(65_535)
      .parse(read('PORT') ?? 0),
    seed: z.coerce
      .number()
      .int()
      .nonnegative()
      .parse(read('SEED') ?? 0),
    token: read('TOKEN'),
    apiKey: read('API_KEY'),
    keyFile: read('KEY_FILE'),
    requestLog: read('REQUEST_LOG'),
    faults: faultSettingsSchema.parse(JSON.parse(read('FAULTS') ?? '{}')),
  };
}
