import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a line does with bytes: `open` passes them; `cut` ends every connection and refuses new ones; `silent` holds what either side sends; `mute` holds what the client sends alone. */
export type LinkMode = 'open' | 'cut' | 'silent' | 'mute';

/** A line on loopback between a client and one port, which a test can cut or let fall silent. Held bytes go on their way when it opens again, and are lost where it is cut. */
export interface TcpLink {
  readonly port: number;
  mode: LinkMode;
  /** An address of the target, by way of this line. */
  through(url: string): string;
  close(): Promise<void>;
}

export async function openTcpLink(targetPort: number): Promise<TcpLink> {
  let mode: LinkMode = 'open';
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();

  const hold = ({ near, far }: { readonly near: Socket; readonly far: Socket }): void => {
    if (mode === 'silent' || mode === 'mute') near.pause();
    else near.resume();
    if (mode === 'silent') far.pause();
    else far.resume();
  };

  const server = createServer({ noDelay: true }, (near) => {
    near.on('error', () => near.destroy());
    if (mode === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const pair = { near, far };
    pairs.add(pair);
    // Not by `pipe`, which resumes by itself what is held.
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => near.write(bytes));
    far.on('error', () => far.destroy());
    // What one side has sent before it ended still reaches the other.
    const follow = (side: Socket, other: Socket) => {
      side.on('end', () => other.end());
      side.on('close', (torn) => {
        pairs.delete(pair);
        // What is held does not hear that the other side has gone.
        if (torn) other.destroy();
        else other.destroySoon();
      });
    };
    follow(near, far);
    follow(far, near);
    hold(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function cutAll(): void {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
    pairs.clear();
  }

  return {
    port,
    get mode() {
      return mode;
    },
    set mode(next: LinkMode) {
      mode = next;
      if (next === 'cut') cutAll();
      else for (const pair of pairs) hold(pair);
    },
    through: (url) => url.replace(`:${targetPort}`, `:${port}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
