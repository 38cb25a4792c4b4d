/**
 * A bucket of an S3-compatible store: whole objects in, streams out. Requests are signed (SigV4, by aws4fetch) together with
 * the sha256 of what they carry, so that the store itself refuses a body that changed on its way. Path-style addresses.
 * API: https://docs.aws.amazon.com/AmazonS3/latest/API/
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { failure, isFailure } from '../failure.ts';

export interface BucketOptions {
  /** Such as https://s3.eu-central-1.amazonaws.com or http://127.0.0.1:9000. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Bytes per request; larger files are sent in parts. At least 5 MiB (S3's own minimum), default 64 MiB. */
  readonly partBytes?: number;
}

export interface Bucket {
  /** Bytes of the object; undefined = there is none. */
  size(key: string): Promise<number | undefined>;
  putText(key: string, text: string): Promise<void>;
  putFile(key: string, path: string): Promise<void>;
  /** Throws `Input.NotFound` where there is none. */
  read(key: string): Promise<AsyncIterable<Uint8Array>>;
}

const defaultPartBytes = 64 * 1024 * 1024;
const requestLimitMs = 10 * 60_000;
const maxReplyChars = 65_536;

/** All throw `Storage.Unavailable` when the store does not answer or refuses. */
export function createS3Bucket(options: BucketOptions): Bucket {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey, partBytes = defaultPartBytes } = options;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 4 });
  const base = `${endpoint.replace(/\/+$/, '')}/${bucket}`;

  const request = async (
    method: string,
    key: string,
    { query = '', body = Buffer.alloc(0), allow = [] }: RequestOptions = {},
  ): Promise<Response> => {
    const path = key.split('/').map(encodeURIComponent).join('/');
    const headers = { 'X-Amz-Content-Sha256': createHash('sha256').update(body).digest('hex') };
    const carries = method === 'PUT' || method === 'POST' ? { body: new Uint8Array(body) } : {};
    try {
      const response = await client.fetch(`${base}/${path}${query}`, {
        ...{ method, headers, ...carries },
        // A redirect would carry the signature elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(requestLimitMs),
      });
      if (response.ok || allow.includes(response.status)) return response;
      throw refused(options, method, key, response.status, await replyOf(response));
    } catch (error) {
      throw isFailure(error) ? error : unreachable(options, error);
    }
  };

  const putBytes = async (key: string, body: Buffer): Promise<void> => {
    await (await request('PUT', key, { body })).body?.cancel();
  };

  return {
    async size(key) {
      const response = await request('HEAD', key, { allow: [404] });
      return response.status === 404 ? undefined : Number(response.headers.get('content-length') ?? 0);
    },
    putText: (key, text) => putBytes(key, Buffer.from(text)),
    async putFile(key, path) {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size <= partBytes) await putBytes(key, await readPart(file, 0, size));
        else await putParts(request, key, file, size, partBytes);
      } finally {
        await file.close();
      }
    },
    async read(key) {
      const response = await request('GET', key, { allow: [404] });
      if (response.status !== 404 && response.body) return chunksOf(options, response.body);
      await response.body?.cancel();
      throw failure('Input.NotFound', `no object ${key} in bucket ${bucket}`);
    },
  };
}

interface RequestOptions {
  readonly query?: string;
  readonly body?: Buffer;
  readonly allow?: readonly number[];
}
type Send = (method: string, key: string, options?: RequestOptions) => Promise<Response>;

/** An upload that fails is called off, or its parts would be paid for ever. */
async function putParts(
  send: Send,
  key: string,
  file: FileHandle,
  size: number,
  partBytes: number,
): Promise<void> {
  const uploadId = element(await replyOf(await send('POST', key, { query: '?uploads=' })), 'UploadId');
  const ofUpload = `uploadId=${encodeURIComponent(uploadId)}`;
  try {
    const parts: string[] = [];
    for (let at = 0; at < size; at += partBytes) {
      const number = parts.length + 1;
      const body = await readPart(file, at, Math.min(partBytes, size - at));
      const response = await send('PUT', key, { query: `?partNumber=${number}&${ofUpload}`, body });
      await response.body?.cancel();
      const tag = (response.headers.get('etag') ?? '').replaceAll(/[<>&]/g, '');
      parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${tag}</ETag></Part>`);
    }
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    // S3 may answer 200 and tell the error in the text.
    const reply = await replyOf(await send('POST', key, { query: `?${ofUpload}`, body }));
    if (reply.includes('<Error>'))
      throw failure('Storage.Unavailable', `the upload of ${key} failed: ${codeOf(reply)}`);
  } catch (error) {
    await send('DELETE', key, { query: `?${ofUpload}`, allow: [404] }).catch(() => {});
    throw error;
  }
}

async function readPart(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw failure('Storage.Corrupt', 'the file became shorter while it was copied');
    filled += bytesRead;
  }
  return buffer;
}

async function* chunksOf(
  options: BucketOptions,
  body: ReadableStream<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (error) {
    throw unreachable(options, error);
  }
}

async function replyOf(response: Response): Promise<string> {
  return (await response.text()).slice(0, maxReplyChars);
}

function element(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]{1,2048})</${name}>`).exec(xml)?.[1];
  if (found === undefined) throw failure('Storage.Unavailable', `the bucket's answer holds no ${name}`);
  return found;
}

function codeOf(xml: string): string {
  return /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(xml)?.[1] ?? 'no code';
}

function refused(
  { bucket }: BucketOptions,
  method: string,
  key: string,
  status: number,
  reply: string,
): Error {
  return failure(
    'Storage.Unavailable',
    `bucket ${bucket} refuses ${method} ${key.slice(0, 200)}: ${status} ${codeOf(reply)}`,
  );
}

function unreachable({ bucket, endpoint }: BucketOptions, error: unknown): Error {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
  const why = cause?.code ?? message.slice(0, 200);
  return failure('Storage.Unavailable', `bucket ${bucket} at ${endpoint} does not answer: ${why}`, {
    cause: error,
  });
}
