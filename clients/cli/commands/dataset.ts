/** `masgpt dataset SUBCOMMAND`: one file per subcommand in ../dataset/. */
import { defineCommand } from 'citty';

export default defineCommand({
  meta: { name: 'dataset', description: 'Build a fine-tuning dataset' },
  subCommands: {
    import: async () => (await import('../dataset/import.ts')).default,
    list: async () => (await import('../dataset/list.ts')).default,
    show: async () => (await import('../dataset/show.ts')).default,
    stats: async () => (await import('../dataset/stats.ts')).default,
    build: async () => (await import('../dataset/build.ts')).default,
    export: async () => (await import('../dataset/export.ts')).default,
    matrix: async () => (await import('../dataset/matrix.ts')).default,
    report: async () => (await import('../dataset/report.ts')).default,
    verify: async () => (await import('../dataset/verify.ts')).default,
    diff: async () => (await import('../dataset/diff.ts')).default,
    compare: async () => (await import('../dataset/compare.ts')).default,
    pause: async () => (await import('../dataset/steer.ts')).pause,
    resume: async () => (await import('../dataset/steer.ts')).resume,
    tune: async () => (await import('../dataset/steer.ts')).tune,
  },
});
