/** `npm run build`: compiles to dist/ and copies what is no TypeScript (Python, YAML, prompts, lock files) beside it. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { extname } from 'node:path';

const folders = ['workflows', 'activities', 'workers', 'clients'];

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const folder of folders) {
  cpSync(folder, `dist/${folder}`, {
    recursive: true,
    filter: (source) => !['.ts', '.pyc'].includes(extname(source)) && !source.endsWith('__pycache__'),
  });
}
