#!/usr/bin/env node
/** In a checkout the TypeScript sources run as they are; the packed package runs what the build compiled. */
import { existsSync } from 'node:fs';

const source = new URL('./main.ts', import.meta.url);
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api');
  register({ tsconfig: false });
  await import(source.href);
} else {
  await import(new URL('../../dist/clients/cli/main.js', import.meta.url).href);
}
