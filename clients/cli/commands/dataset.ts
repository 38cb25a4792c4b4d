/** `masgpt dataset SUBCOMMAND`: one file per subcommand in ../dataset/. */
import { defineCommand } from 'citty';

export default defineCommand({
  meta: { name: 'dataset', description: 'Build a fine-tuning dataset' },
  subCommands: {
    build: async () => (await import('../dataset/build.ts')).default,
    export: async () => (await import('../dataset/export.ts')).default,
    pause: async () => (await import('../dataset/steer.ts')).pause,
    resume: async () => (await import('../dataset/steer.ts')).resume,
    tune: async () => (await import('../dataset/steer.ts')).tune,
  },
});
