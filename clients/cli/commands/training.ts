/** `masgpt training SUBCOMMAND`: one file per subcommand in ../training/; operators' updates are in ../training/operate.ts. */
import { defineCommand } from 'citty';

export default defineCommand({
  meta: { name: 'training', description: 'Start, watch and operate training runs' },
  subCommands: {
    start: async () => (await import('../training/start.ts')).default,
    list: async () => (await import('../training/list.ts')).default,
    show: async () => (await import('../training/show.ts')).default,
    watch: async () => (await import('../training/watch.ts')).default,
    resume: async () => (await import('../training/resume.ts')).default,
    'retry-from': async () => (await import('../training/operate.ts')).retryFrom,
    pause: async () => (await import('../training/operate.ts')).pause,
    save: async () => (await import('../training/operate.ts')).save,
    abort: async () => (await import('../training/operate.ts')).abort,
    'change-config': async () => (await import('../training/operate.ts')).changeConfig,
    'declare-lost': async () => (await import('../training/operate.ts')).declareLost,
    checkpoints: async () => (await import('../training/checkpoints.ts')).default,
    gpus: async () => (await import('../training/gpus.ts')).default,
    models: async () => (await import('../training/models.ts')).default,
    logs: async () => (await import('../training/logs.ts')).default,
    report: async () => (await import('../training/report.ts')).default,
    conform: async () => (await import('../training/conform.ts')).default,
  },
});
