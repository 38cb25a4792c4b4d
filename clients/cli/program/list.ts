/** `masgpt program list`: the pool. */
import { readPool } from '../../../activities/mas/pool.ts';
import { columns } from '../columns.ts';
import type { LocalContext } from '../command.ts';

export async function listPool({ output }: LocalContext): Promise<object> {
  const programs = (await readPool())
    .list()
    .map(({ id, title, method, paper, domains, calls, aliases, sha256 }) => ({
      name: id,
      title,
      method,
      paper,
      domains,
      calls,
      aliases,
      sha256,
    }));
  output.print(
    columns([
      ['NAME', 'TITLE', 'CALLS', 'DOMAINS', 'PAPER'],
      ...programs.map(({ name, title, calls: { min, max }, domains, paper }) => [
        name,
        title,
        min === max ? String(min) : `${min}-${max}`,
        domains.join(', '),
        paper,
      ]),
    ]),
  );
  return { programs };
}
