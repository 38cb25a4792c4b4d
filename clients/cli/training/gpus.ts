/** `masgpt training gpus`: each host's GPUs and who holds them; `--include UUID` admits an excluded one again, and tells the runs that wait. */
import { defineCommand } from 'citty';
import { type GpuRow, includeGpu, listGpus } from '../../../activities/training/gpus/registry.ts';
import { wakeWaiting } from '../../../activities/training/gpus/waiting.ts';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { columns } from '../columns.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';

export default defineCommand({
  meta: { name: 'gpus', description: 'GPUs of the hosts that train, and who holds them' },
  args: {
    ...commonArgs,
    include: { type: 'string', description: 'UUID of an excluded GPU that is whole again' },
  },
  run: ({ args }) => runCommand(args, (context) => gpus(context, args.include)),
});

async function gpus({ database, temporal, output }: CommandContext, include?: string): Promise<unknown> {
  if (include !== undefined) {
    const hosts = await includeGpu(database, include);
    if (hosts.length === 0) throw new CommandFailed(`no GPU ${include.slice(0, 100)} is excluded`);
    await wakeWaiting(database, temporal);
    output.print(`${include} of ${hosts.join(', ')} may be used again`);
  }
  const found = await listGpus(database);
  const waiting = await database
    .selectFrom('training_gpu_waits')
    .select(['run', 'since'])
    .orderBy('since')
    .execute();
  const rows = found.map((gpu) => [
    ...[gpu.host, String(gpu.index), gpu.uuid, terminalLine(gpu.name)],
    ...[gpu.memoryGib === null ? '' : `${gpu.memoryGib} GiB`, terminalLine(stateOf(gpu))],
  ]);
  output.print(
    rows.length === 0
      ? 'no host that trains has told of a GPU'
      : columns([['HOST', 'INDEX', 'UUID', 'NAME', 'MEMORY', 'STATE'], ...rows]),
  );
  for (const { run, since } of waiting)
    output.print(`${run} waits since ${since.toISOString().slice(0, 19)}`);
  return { gpus: found, waiting };
}

function stateOf({ present, excluded, run, epoch, leasedAt }: GpuRow): string {
  const parts = [
    ...(run === null
      ? []
      : [`held by ${run}, attempt ${epoch}, since ${leasedAt?.toISOString().slice(0, 19)}`]),
    ...(excluded === null ? [] : [`excluded: ${excluded}`]),
    ...(present ? [] : ['not there now']),
  ];
  return parts.join('; ') || 'free';
}
