/** The pool: the MAS programs that ship with the product, one file each in pool/, with a header of `# key: value` lines. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { nameSchema } from '../../workflows/shared/names.ts';
import { failure } from '../failure.ts';

const headerSchema = z.strictObject({
  name: nameSchema,
  title: z.string().min(1),
  /** What it does, in one sentence of our own. */
  method: z.string().min(1),
  /** The publications it follows; "-" for none. */
  paper: z.string().min(1),
  domains: z.string().transform((text) => text.split(', ')),
  /** LLM calls per execution, "min..max". */
  calls: z
    .string()
    .regex(/^\d+\.\.\d+$/)
    .transform((text) => {
      const [min = 0, max = 0] = text.split('..').map(Number);
      return { min, max };
    }),
  aliases: z
    .string()
    .default('')
    .transform((text) => text.split(', ').filter((alias) => alias !== '')),
  /** Of a baseline: how calls, rounds and temperatures compare with the publication. */
  fidelity: z.string().min(1).optional(),
});

export interface PoolProgram extends Omit<z.infer<typeof headerSchema>, 'name'> {
  readonly id: string;
  /** Without the header, so that its words are no part of the program's identity. */
  readonly source: string;
  readonly sha256: string;
}

export interface Pool {
  /** In order of their names. */
  list(): readonly PoolProgram[];
  /** By name or alias. Throws `Input.NotFound` with the names there are. */
  get(nameOrAlias: string): PoolProgram;
}

export async function readPool(): Promise<Pool> {
  const directory = new URL('pool/', import.meta.url);
  const files = (await readdir(directory)).filter((file) => file.endsWith('.py'));
  const read = await Promise.all(
    files.map(async (file) => parseProgram(file, await readFile(new URL(file, directory), 'utf8'))),
  );
  const programs = read.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byName = new Map<string, PoolProgram>();
  for (const program of programs)
    for (const name of [program.id, ...program.aliases]) byName.set(name, program);
  return {
    list: () => programs,
    get(nameOrAlias) {
      const program = byName.get(nameOrAlias);
      if (program) return program;
      const names = programs.map(({ id }) => id).join(', ');
      throw failure('Input.NotFound', `the pool has no program "${nameOrAlias}"; it has ${names}`);
    },
  };
}

/** A wrong header is a defect of the product: it throws. */
export function parseProgram(file: string, text: string): PoolProgram {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('# '));
  const fields = lines.slice(0, end).map((line) => {
    const [key = '', ...value] = line.slice(2).split(': ');
    return [key, value.join(': ').trim()] as const;
  });
  const header = headerSchema.safeParse(Object.fromEntries(fields));
  if (!header.success) throw new Error(`pool program ${file}: ${z.prettifyError(header.error)}`);
  const { name, ...rest } = header.data;
  if (`${name}.py` !== file) throw new Error(`pool program ${file} calls itself ${name}`);
  const source = `${lines.slice(end).join('\n').trim()}\n`;
  return { id: name, ...rest, source, sha256: createHash('sha256').update(source).digest('hex') };
}
