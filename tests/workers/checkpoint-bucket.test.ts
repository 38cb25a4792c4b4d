/** The bucket of a configuration: keys by the names of environment variables, never in the file. */
import { expect, it } from 'vitest';
import { checkpointBucket } from '../../workers/checkpoint-bucket.ts';
import { configSchema } from '../../workers/config/schema.ts';

const bucket = {
  endpoint: 'https://s3.example.org',
  bucket: 'runs',
  accessKeyEnv: 'KEY',
  secretKeyEnv: 'SECRET',
};
const config = configSchema.parse({ training: { bucket } });

it('is none unless configured, and names itself', () => {
  expect(checkpointBucket(configSchema.parse({}), {})).toBeUndefined();
  expect(checkpointBucket(config, { KEY: 'a', SECRET: 'b' })).toMatchObject({
    name: 'runs/masgpt',
    prefix: 'masgpt',
  });
});

it('refuses to start without its keys', () => {
  expect(() => checkpointBucket(config, { KEY: 'a' })).toThrow('the environment variable SECRET is not set');
  expect(() => checkpointBucket(config, { SECRET: 'a' })).toThrow('the environment variable KEY is not set');
});

it.each([
  ['a key in the file', { ...bucket, secretKeyEnv: 'wJalrXUtnFEMI/K7' }],
  ['another protocol', { ...bucket, endpoint: 'file:///etc' }],
  ['a name that climbs', { ...bucket, bucket: '../other' }],
  ['an unknown field', { ...bucket, secretKey: 'x' }],
])('%s is refused', (_name, wrong) => {
  expect(configSchema.safeParse({ training: { bucket: wrong } }).success).toBe(false);
});
