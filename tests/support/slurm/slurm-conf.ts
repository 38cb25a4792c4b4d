/** A cluster of two nodes on this machine's loopback interface: what slurm.conf of the tests says. */
import { userInfo } from 'node:os';

export const nodes = ['n1', 'n2'] as const;
export type Node = (typeof nodes)[number];

export interface SlurmConf {
  readonly directory: string;
  /** As `hostname -s` gives it. */
  readonly host: string;
  readonly controllerPort: number;
  readonly nodePorts: Readonly<Record<Node, number>>;
}

/**
 * Jobs of `high` take nodes from jobs of `low`, which get a warning and 20 s. No cgroups, so that it runs in any container.
 * Slurm looks for overdue jobs every 30 s or so.
 */
export function slurmConf({ directory, host, controllerPort, nodePorts }: SlurmConf): string {
  const user = userInfo().username;
  return `${[
    'ClusterName=masgpt',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${directory}/munge.socket`,
    `SlurmctldPort=${controllerPort}`,
    `SlurmctldPidFile=${directory}/slurmctld.pid`,
    `SlurmctldLogFile=${directory}/slurmctld.log`,
    `SlurmdPidFile=${directory}/%n.pid`,
    `SlurmdLogFile=${directory}/%n.log`,
    `SlurmdSpoolDir=${directory}/%n`,
    `StateSaveLocation=${directory}/state`,
    ...[
      'SwitchType=switch/none',
      'MpiDefault=none',
      'ProctrackType=proctrack/linuxproc',
      'TaskPlugin=task/none',
    ],
    ...['JobAcctGatherType=jobacct_gather/none', 'AccountingStorageType=accounting_storage/none'],
    'SelectType=select/linear',
    'SlurmdParameters=config_overrides',
    ...['SlurmdTimeout=10', 'KillWait=3', 'ReturnToService=2'],
    ...['PreemptType=preempt/partition_prio', 'PreemptMode=REQUEUE'],
    'SlurmctldParameters=preempt_send_user_signal',
    'SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2',
    ...nodes.map(
      (name) =>
        `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodePorts[name]} CPUs=1 Feature=${name}`,
    ),
    'PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=20 MaxTime=60',
    'PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=60',
  ].join('\n')}\n`;
}
