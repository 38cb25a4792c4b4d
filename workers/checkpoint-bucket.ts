/** The bucket for copies of checkpoints, as the configuration names it; its keys come from the environment. */
import { createS3Bucket } from '../activities/storage/s3-bucket.ts';
import type { CopyPlace } from '../activities/training/checkpoints/copy.ts';
import type { Config } from './config/schema.ts';

/** Throws when a key's variable is not set: copies that nobody makes would be found missing too late. */
export function checkpointBucket(config: Config, env: NodeJS.ProcessEnv): CopyPlace | undefined {
  const wanted = config.training.bucket;
  if (!wanted) return undefined;
  const { endpoint, region, bucket, prefix } = wanted;
  const key = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw new Error(`training.bucket: the environment variable ${name} is not set`);
  };
  const keys = { accessKeyId: key(wanted.accessKeyEnv), secretAccessKey: key(wanted.secretKeyEnv) };
  return {
    bucket: createS3Bucket({ endpoint, region, bucket, ...keys }),
    name: `${bucket}/${prefix}`,
    prefix,
  };
}
