import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request at the gate. `swallow`: it is carried out, and its answer is lost. */
export type GateMode = 'open' | 'refuse' | 'swallow';

/** A gate on loopback before one service: requests pass, are refused, or are carried out without an answer. */
export interface ServiceGate {
  readonly url: string;
  mode: GateMode;
  readonly counts: Readonly<Record<GateMode, number>>;
  close(): Promise<void>;
}

export async function openServiceGate(target: string): Promise<ServiceGate> {
  const counts: Record<GateMode, number> = { open: 0, refuse: 0, swallow: 0 };
  const gate = { mode: 'open' as GateMode };
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { mode } = gate;
    counts[mode] += 1;
    if (mode === 'refuse') {
      incoming.socket.destroy();
      return;
    }
    const { method, headers, url } = incoming;
    const onward = request(`${target}${url ?? '/'}`, { method, headers }, (answer) => {
      if (mode === 'swallow') {
        answer.resume();
        answer.on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get mode() {
      return gate.mode;
    },
    set mode(mode: GateMode) {
      gate.mode = mode;
    },
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
