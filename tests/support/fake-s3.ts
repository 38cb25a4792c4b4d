/**
 * A store that speaks S3's HTTP on loopback, in memory: objects, multipart uploads, signatures (SigV4, computed here on its
 * own) and the sha256 of bodies are checked as S3 does. Faults are switched on by tests.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** `METHOD key` of each request that was signed well. */
  readonly requests: string[];
  readonly openUploads: () => number;
  readonly faults: {
    /** So many requests get 503. */
    busy: number;
    /** Parts of uploads get 500. */
    parts: boolean;
    /** GET ends in the middle. */
    cut: boolean;
    redirect: string | undefined;
  };
}

export const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret/with+signs' };
const region = 'test-1';

export async function fakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const requests: string[] = [];
  const faults: FakeS3['faults'] = { busy: 0, parts: false, cut: false, redirect: undefined };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://host');
    const refuse = (status: number, code: string): void => {
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(`<Error><Code>${code}</Code></Error>`);
    };
    if (request.headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex'))
      return refuse(400, 'XAmzContentSHA256Mismatch');
    if (request.headers.authorization !== signatureOf(request, url))
      return refuse(403, 'SignatureDoesNotMatch');
    if (faults.busy > 0) {
      faults.busy -= 1;
      return refuse(503, 'SlowDown');
    }
    if (faults.redirect !== undefined)
      return void response.writeHead(307, { location: faults.redirect }).end();
    const key = decodeURIComponent(url.pathname.replace(/^\/bucket\//, ''));
    requests.push(`${request.method} ${key}`);
    const uploadId = url.searchParams.get('uploadId');
    if (url.searchParams.has('uploads')) {
      const id = `upload&${uploads.size}`;
      uploads.set(id, new Map());
      return void response.end(`<R><UploadId>${id.replace('&', '-')}</UploadId></R>`);
    }
    if (uploadId !== null) {
      const id = uploadId.replace('-', '&');
      const parts = uploads.get(id);
      if (!parts) return refuse(404, 'NoSuchUpload');
      if (request.method === 'DELETE') return void (uploads.delete(id), response.writeHead(204).end());
      if (request.method === 'PUT') {
        if (faults.parts) return refuse(400, 'InvalidPart');
        parts.set(Number(url.searchParams.get('partNumber')), body);
        return void response.setHeader('etag', `"${parts.size}"`).end();
      }
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) =>
        Number(number),
      );
      objects.set(key, Buffer.concat(named.map((number) => parts.get(number) ?? Buffer.alloc(0))));
      uploads.delete(id);
      return void response.end('<CompleteMultipartUploadResult/>');
    }
    if (request.method === 'PUT') return void (objects.set(key, body), response.end());
    const found = objects.get(key);
    if (!found)
      return request.method === 'HEAD' ? void response.writeHead(404).end() : refuse(404, 'NoSuchKey');
    response.setHeader('content-length', found.length);
    if (request.method === 'HEAD') return void response.end();
    if (!faults.cut) return void response.end(found);
    response.write(found.subarray(0, found.length >> 1), () => response.destroy());
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    ...{ objects, requests, faults, openUploads: () => uploads.size },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function signatureOf(request: IncomingMessage, url: URL): string {
  const header = (name: string): string => String(request.headers[name] ?? '');
  const signed = /SignedHeaders=([^,]+)/.exec(header('authorization'))?.[1]?.split(';') ?? [];
  const date = header('x-amz-date');
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const canonical = [
    ...[request.method, url.pathname, query, ...signed.map((name) => `${name}:${header(name).trim()}`), ''],
    ...[signed.join(';'), header('x-amz-content-sha256')],
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = scope
    .split('/')
    .reduce<Buffer>((last, part) => hmac(last, part), Buffer.from(`AWS4${credentials.secretAccessKey}`));
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed.join(';')}, Signature=${hmac(key, text).toString('hex')}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
