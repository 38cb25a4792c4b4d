/** masgpt.config.yaml: everything that names a machine, a command, an address or a key variable. Inputs never carry these. */
import { z } from 'zod';
import { nameSchema } from '../../workflows/shared/names.ts';
import { launchersSchema } from './launchers.ts';
import { noticeEvents } from '../../workflows/training/contract.ts';

export const modelSchema = z.strictObject({
  /** OpenAI-compatible, with the version path: http://127.0.0.1:8000/v1 */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** Name of the environment variable that holds the key. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .optional(),
  /** File with the key, under the home directory (served models). */
  apiKeyFile: z.string().optional(),
  /** The provider's own name of the model. */
  model: z.string().min(1),
  /** Identity of the weights behind that name: part of every cache key. */
  revision: z.string().min(1).default('unpinned'),
  simulated: z.boolean().default(false),
  priceUsdPerMTok: z
    .strictObject({
      in: z.number().nonnegative(),
      cached: z.number().nonnegative(),
      out: z.number().nonnegative(),
    })
    .prefault({ in: 0, cached: 0, out: 0 }),
  limits: z
    .strictObject({
      inFlight: z.number().int().positive().default(32),
      /** Requests and tokens per minute; absent = unlimited. */
      rpm: z.number().positive().optional(),
      tpm: z.number().positive().optional(),
    })
    .prefault({}),
  /** Milliseconds until a request is given up and retried. Replies come whole, and Node's fetch waits 300 s for a head. */
  timeoutMs: z.number().int().positive().max(290_000).default(290_000),
  /** Sent with every request as it stands (top_p, stop, chat_template_kwargs, …). */
  parameters: z.record(z.string(), z.unknown()).default({}),
});
export type Model = z.infer<typeof modelSchema>;

export const configSchema = z.strictObject({
  /** State: stack.json, blobs, served models, training directories. MASGPT_HOME. */
  home: z.string().min(1).default('.masgpt'),
  temporal: z
    .strictObject({
      /** TEMPORAL_ADDRESS; absent = the embedded server. */
      address: z.string().optional(),
      /** TEMPORAL_NAMESPACE. */
      namespace: z.string().min(1).default('default'),
      /** Q: all queues derive from it. MASGPT_TASK_QUEUE. */
      taskQueue: nameSchema.default('masgpt'),
    })
    .prefault({}),
  /** DATABASE_URL; absent = the embedded PostgreSQL. */
  databaseUrl: z.string().optional(),
  models: z.record(nameSchema, modelSchema).default({}),
  /** Tokenizers by which lengths of datasets are counted: a model directory, a hub's cached one, or a tokenizer.json. */
  tokenizers: z.record(nameSchema, z.strictObject({ path: z.string().min(1) })).default({}),
  /** The model that writes programs when an input names none. MASGPT_GENERATOR. */
  generator: nameSchema.optional(),
  generation: z
    .strictObject({
      /** Above 0, the run's seed decides the draw. */
      temperature: z.number().min(0).max(2).default(0),
      maxTokens: z.number().int().positive().max(131_072).default(4_096),
      /** A program that fails goes back to the generator once, with its error, before the fallback program answers. */
      repair: z.boolean().default(false),
    })
    .prefault({}),
  /** Pool program that answers when generation or the generated program fails. */
  fallbackProgram: nameSchema.default('cot-self-consistency'),
  /** Ceilings over all runs of a tenant, whatever the runs' own are. */
  tenants: z
    .record(
      nameSchema,
      z.strictObject({
        maxCostUsd: z.number().positive().optional(),
        maxTokens: z.number().int().positive().optional(),
        /** `day` begins at midnight UTC. */
        period: z.enum(['day', 'total']).default('day'),
      }),
    )
    .default({}),
  sandbox: z
    .strictObject({
      /** `auto` takes the strongest level whose self-test passes. MASGPT_SANDBOX_LEVEL. */
      level: z.enum(['auto', 'namespaces', 'shared', 'confined']).default('auto'),
      /** Python 3.10+ outside every home directory; found when absent. MASGPT_SANDBOX_PYTHON. */
      python: z.string().optional(),
      /** Programs at once in one worker process; default 2 per core. */
      programs: z.number().int().positive().optional(),
      memoryMb: z.number().int().min(128).default(768),
      /** Of the host's available memory, for all programs of one worker process together. */
      hostMemoryShare: z.number().min(0.01).max(1).default(0.5),
      /**
       * numpy, pandas and matplotlib for programs: `on-demand` installs and loads them when a program first needs them,
       * `at-start` with the sandbox, `off` never: importing them fails then.
       */
      libraries: z.enum(['on-demand', 'at-start', 'off']).default('on-demand'),
    })
    .prefault({}),
  slots: z
    .strictObject({
      /** Executions at once in a batch: they mostly wait for the LLM. */
      executions: z.number().int().positive().default(32),
      llm: z.number().int().positive().default(100),
      batches: z.number().int().positive().default(2),
    })
    .prefault({}),
  /** Where `hf:OWNER/NAME` is fetched from. */
  hub: z
    .strictObject({
      /** Name of the variable that holds the hub's address; https://huggingface.co when it is not set. */
      endpointEnv: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]*$/)
        .default('HF_ENDPOINT'),
      /** Name of the variable that holds a token for private and gated datasets. */
      tokenEnv: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]*$/)
        .default('HF_TOKEN'),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      /** HOST:PORT of the worker's Prometheus endpoint; none when absent. One per worker process. MASGPT_METRICS. */
      address: z
        .string()
        .regex(/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/, 'HOST:PORT')
        .optional(),
    })
    .prefault({}),
  training: z
    .strictObject({
      /** Directory of recipes besides the product's own; names in inputs resolve in it. */
      recipes: z.string().optional(),
      /** Models that recipes begin with, by name: a directory in the form of Hugging Face (safetensors), or a GGUF file. */
      models: z
        .record(
          z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
          z.strictObject({ path: z.string().min(1) }),
        )
        .default({}),
      /** Python of the trainer; default is the product's own venv. MASGPT_TRAINER_PYTHON. */
      python: z.string().optional(),
      /**
       * This host's name among those that train: its trainers are watched and stopped under it alone. The machine's own when absent;
       * a container needs one that outlives it. MASGPT_HOST.
       */
      host: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/)
        .optional(),
      launchers: launchersSchema,
      /** Seconds without a worker on a trainer's host after which people are told. */
      hostSilentS: z.number().positive().max(86_400).default(120),
      /** Seconds of waiting for a GPU after which people are told. */
      gpuWaitS: z.number().positive().max(604_800).default(1_800),
      /** This host's GPUs; what the driver lists when absent. Parts of a GPU in MIG mode must be named. */
      gpus: z
        .array(
          z.strictObject({
            uuid: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
            index: z.number().int().nonnegative().max(1_023),
            /** What a recipe's `gpus.type` is a word of. */
            name: z.string().min(1).max(200),
            memoryGib: z.number().int().positive().optional(),
            /** Bus address, by which the kernel names a broken one: `0000:3b:00`. */
            pci: z
              .string()
              .regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}$/)
              .optional(),
          }),
        )
        .max(256)
        .refine((gpus) => new Set(gpus.map(({ uuid }) => uuid)).size === gpus.length, 'a UUID stands twice')
        .optional(),
      /** S3-compatible bucket for copies of verified checkpoints; absent = none. The keys are in environment variables. */
      bucket: z
        .strictObject({
          endpoint: z.url({ protocol: /^https?$/ }),
          region: z.string().min(1).max(64).default('us-east-1'),
          bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
          /** Before every key. */
          prefix: z
            .string()
            .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/)
            .default('masgpt'),
          accessKeyEnv: z
            .string()
            .regex(/^[A-Z][A-Z0-9_]*$/)
            .default('AWS_ACCESS_KEY_ID'),
          secretKeyEnv: z
            .string()
            .regex(/^[A-Z][A-Z0-9_]*$/)
            .default('AWS_SECRET_ACCESS_KEY'),
        })
        .optional(),
      /** Webhooks that learn of runs that wait for a person, and of ends. The address is in an environment variable. */
      notify: z
        .record(
          nameSchema,
          z.strictObject({
            urlEnv: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
            /** Absent = all. */
            events: z.array(z.enum(noticeEvents)).min(1).optional(),
            /** Plain http, loopback and private networks too. */
            allowPrivate: z.boolean().default(false),
          }),
        )
        .default({}),
    })
    .prefault({}),
});
export type Config = z.infer<typeof configSchema>;
