import { createServer, type Server } from 'node:http';
import { MillraceError } from '#core/errors.ts';
import type { PartHealth } from './part-health.ts';

export interface EngineHttpOptions {
  readonly port: number;
  /** State by part; the container is healthy while every part that a restart could mend is. A standby is healthy. */
  readonly health: () => { readonly ok: boolean; readonly parts: Readonly<Record<string, PartHealth>> };
  readonly metrics: () => Promise<string>;
  readonly status: () => unknown;
}

/** Serves `/health` (application state by part), `/metrics` (Prometheus) and `/status` (what the live view shows). Rejects with `PORT_IN_USE`. */
export async function startEngineHttp(
  options: EngineHttpOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') {
      response.writeHead(405).end();
    } else if (path === '/health') {
      const health = options.health();
      response.writeHead(health.ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(health));
    } else if (path === '/metrics') {
      options.metrics().then(
        (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    } else if (path === '/status') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(options.status()));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(
        new MillraceError(
          'configuration',
          inUse ? 'PORT_IN_USE' : 'PORT_UNUSABLE',
          `port=${options.port} reason=${error.message}`,
        ),
      );
    });
    server.listen(options.port, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
