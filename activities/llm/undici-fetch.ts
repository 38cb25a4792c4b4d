/**
 * `fetch` for whole replies: undici's `request` without the web streams around it, which cost as much again. A redirect is
 * the answer, as it is; nothing is decompressed, nothing is retried, and there is no time limit but the signal's.
 */
import { Agent, type Dispatcher, request } from 'undici';

export type FetchWhole = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Connections are kept per origin, for the life of the function; idle ones do not hold the process. */
export function createFetchWhole(): FetchWhole {
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return async (url, init = {}) => {
    const { statusCode, headers, body } = await request(url instanceof Request ? url.url : url, {
      dispatcher,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      body: (init.body ?? null) as string | null,
      signal: init.signal,
    });
    const bytes = new Uint8Array(await body.arrayBuffer());
    return new WholeResponse(bytes, { status: statusCode, headers: webHeaders(headers) });
  };
}

/** A response whose body is here already. */
class WholeResponse extends Response {
  override readonly arrayBuffer: () => Promise<ArrayBuffer>;
  override readonly text: () => Promise<string>;
  override readonly json: () => Promise<unknown>;

  constructor(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit) {
    super(null, init);
    this.arrayBuffer = async () => bytes.buffer;
    this.text = async () => new TextDecoder().decode(bytes);
    this.json = async () => JSON.parse(await this.text()) as unknown;
  }
}

function webHeaders(headers: Dispatcher.ResponseData['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
}
