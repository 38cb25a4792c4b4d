/**
 * The worker's Prometheus endpoint: GET /metrics on the address that the config names, nothing else. Whoever adds a metric registers
 * it with the registry that is given.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface ServedMetrics extends AsyncDisposable {
  /** http://HOST:PORT/metrics */
  readonly url: string;
}

/** `address`: HOST:PORT; port 0 = a free one. */
export async function serveMetrics(registry: Registry, address: string): Promise<ServedMetrics> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => {
        process.stderr.write(`metrics: ${String(error)}\n`);
        response.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((ready, failed) => {
    server.once('error', failed).listen(Number(address.slice(at + 1)), host, ready);
  });
  // Metrics hold no worker up.
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
