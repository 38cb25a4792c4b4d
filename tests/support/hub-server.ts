/** A dataset hub on this machine: the URL layout of the public one, with faults on demand. Its files live on a second host, as there. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly host: 'hub' | 'files';
  readonly path: string;
  readonly token: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly status: number;
}

export interface HubFaults {
  /** So many answers break off after so many bytes, once `arrived` says that the client has them (of the file, in all). */
  breaks?: { after: number; times: number; arrived(bytes: number): Promise<void> };
  /** The listed digest of a file is another one. */
  wrongDigest?: boolean;
  /** What every request answers, as a gated or absent dataset does. */
  status?: number;
  /** The file's tag changes with each request. */
  newTags?: boolean;
  /** Neither sizes nor digests are listed. */
  bare?: boolean;
  /** Where files redirect to, in place of the second host. */
  redirect?: string;
}

export interface HubServer {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  readonly faults: HubFaults;
  /** A commit: its files by path. Branch `main` means the last one that was added. */
  commit(files: Readonly<Record<string, string | Buffer>>): string;
  close(): Promise<void>;
}

export async function startHubServer(dataset: string): Promise<HubServer> {
  const commits = new Map<string, Map<string, Buffer>>();
  const seen: SeenRequest[] = [];
  const faults: HubFaults = {};
  let head = '';
  const note = (host: SeenRequest['host'], request: IncomingMessage, status: number): void => {
    const { authorization, range, 'if-range': ifRange } = request.headers;
    seen.push({
      host,
      path: request.url ?? '',
      token: authorization,
      range,
      ifRange: ifRange as string,
      status,
    });
  };

  const files = createServer((request, response) => {
    const [, commit = '', ...path] = decodeURIComponent(request.url ?? '').split('/');
    const content = commits.get(commit)?.get(path.join('/'));
    if (!content) return end(response, 404, () => note('files', request, 404));
    const tag = `"${faults.newTags ? seen.length : commit}"`;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const goesOn = from > 0 && [undefined, tag].includes(request.headers['if-range'] as string | undefined);
    const body = goesOn ? content.subarray(from) : content;
    note('files', request, goesOn ? 206 : 200);
    response.writeHead(goesOn ? 206 : 200, {
      etag: tag,
      'content-length': body.length,
      ...(goesOn ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    });
    if (!faults.breaks || faults.breaks.times === 0) return response.end(body);
    const { after, arrived } = faults.breaks;
    faults.breaks.times -= 1;
    response.write(body.subarray(0, after));
    return arrived((goesOn ? from : 0) + after).then(() => response.destroy());
  });
  const filesAddress = await listen(files);

  const hub = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    const [, revision] = /^\/api\/datasets\/[^/]+\/[^/]+\/revision\/(.+)$/.exec(path) ?? [];
    const [, commit, file] = /^\/datasets\/[^/]+\/[^/]+\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const found = path.includes(`/datasets/${dataset}/`)
      ? commits.get(commit ?? resolved(revision))
      : undefined;
    const status = faults.status ?? (found ? (file === undefined ? 200 : 302) : 404);
    note('hub', request, status);
    if (!found || faults.status !== undefined) return end(response, status);
    if (file !== undefined) {
      response.writeHead(302, { location: faults.redirect ?? `${filesAddress}/${commit}/${file}` });
      return response.end();
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ id: dataset, sha: resolved(revision), siblings: listed(found) }));
  });
  const endpoint = await listen(hub);

  function resolved(revision = ''): string {
    return revision === 'main' ? head : revision;
  }
  function listed(found: Map<string, Buffer>): unknown[] {
    return [...found].map(([rfilename, content]) => {
      if (faults.bare) return { rfilename };
      const sha256 = createHash('sha256')
        .update(content)
        .update(faults.wrongDigest ? 'other' : '')
        .digest('hex');
      const blobId = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      const apart = rfilename.endsWith('.parquet');
      return {
        rfilename,
        size: content.length,
        blobId,
        ...(apart ? { lfs: { sha256, size: content.length } } : {}),
      };
    });
  }

  return {
    endpoint,
    seen,
    faults,
    commit(content) {
      head = createHash('sha1')
        .update(JSON.stringify([head, content]))
        .digest('hex');
      commits.set(head, new Map(Object.entries(content).map(([path, data]) => [path, Buffer.from(data)])));
      return head;
    },
    close: async () => void (await Promise.all([hub, files].map(close))),
  };
}

function end(response: ServerResponse, status: number, before?: () => void): ServerResponse {
  before?.();
  return response.writeHead(status).end('{"error":"no"}');
}

/** Another port is another origin: what belongs to one is not sent to the other. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
}
