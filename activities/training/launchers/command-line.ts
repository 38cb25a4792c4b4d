/** The command line of an attempt: the trainer's own, or one that starts it once per rank on this host, without restarts. */
import { basename } from 'node:path';
import type { AttemptSpec } from '../launcher.ts';

/** What starts ranks is a module of the very Python that the command names, so that one environment has all; else what PATH has. */
export function commandLine({ command, distributed, run, epoch }: AttemptSpec): readonly string[] {
  if (!distributed) return command;
  const [python, program] = splitInterpreter(command);
  const ranks = String(distributed.ranks);
  const id = `${run}-${epoch}`.replaceAll('/', '-');
  const torchrun = [
    ...['--nnodes=1', `--nproc-per-node=${ranks}`, '--max-restarts=0'],
    // Port 0: a free one, chosen by the kernel. The address keeps gloo and the store off other interfaces.
    ...['--rdzv-backend=c10d', '--rdzv-endpoint=127.0.0.1:0', `--rdzv-id=${id}`, '--local-addr=127.0.0.1'],
  ];
  if (distributed.launch === 'torchrun') {
    return python.length > 0
      ? [...python, '-m', 'torch.distributed.run', ...torchrun, ...program]
      : ['torchrun', ...torchrun, '--no-python', ...program];
  }
  const accelerate = [
    // Also without a GPU: so it starts processes, and the script picks the device. One process it starts plainly.
    ...(distributed.ranks > 1 ? ['--multi_gpu'] : []),
    ...['--num_machines=1', `--num_processes=${ranks}`, '--max_restarts=0', '--main_process_port=0'],
    ...['--mixed_precision=no', '--dynamo_backend=no'],
  ];
  return python.length > 0
    ? [...python, '-m', 'accelerate.commands.launch', ...accelerate, ...program]
    : ['accelerate', 'launch', ...accelerate, '--no_python', ...program];
}

/** The interpreter with its own flags, and the program with its arguments; no interpreter when the command names none. */
function splitInterpreter(command: readonly string[]): [readonly string[], readonly string[]] {
  let end = command.findIndex((word) => /^python[0-9.]*$/.test(basename(word))) + 1;
  while (end > 0 && /^-[^mc-]/.test(command[end] ?? '')) end += /^-[XW]$/.test(command[end] ?? '') ? 2 : 1;
  return [command.slice(0, end), command.slice(end)];
}
