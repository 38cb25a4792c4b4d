/** Where the workflows' code is, and what of it a worker's workflows share. */
import { fileURLToPath } from 'node:url';

export const workflowsPath = fileURLToPath(new URL('../workflows', import.meta.url));

const domains = ['answer', 'dataset', 'evaluation', 'matrix', 'training'];

/** Schemas and nothing else: making them anew for each workflow would be a fifth of its CPU. Shared modules are frozen. */
export const preloadModules = domains.map((domain) => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../workflows/${domain}/contract.${extension}`, import.meta.url));
});
