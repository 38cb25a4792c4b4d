/** What ran, for the provenance of reports. */
import { createRequire } from 'node:module';

const manifestUrl = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';
const manifest = createRequire(import.meta.url)(manifestUrl) as { name: string; version: string };

export const versions: Readonly<Record<string, string>> = {
  [manifest.name]: manifest.version,
  node: process.versions.node,
};
