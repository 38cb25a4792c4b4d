/** How to run a module of this product as a process: through tsx in a checkout, as it is in the packed package. */
import { fileURLToPath } from 'node:url';

/** Arguments for `process.execPath`; `module` is relative to the product's root and ends in `.ts`. */
export function productScript(module: string): string[] {
  const compiled = !import.meta.url.endsWith('.ts');
  const file = fileURLToPath(
    new URL(`../../${compiled ? module.replace(/\.ts$/, '.js') : module}`, import.meta.url),
  );
  return compiled ? ['--enable-source-maps', file] : ['--import', import.meta.resolve('tsx'), file];
}
