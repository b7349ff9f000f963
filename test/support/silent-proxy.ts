import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** A line to a server that can go dead without a word. */
export interface SilentProxy {
  readonly port: number;
  /** The URL of what lies behind it, through it. */
  through(url: string): string;
  /** Nothing comes through any more on the connections that there are, either way, with no FIN and no RST; new ones work. */
  cut(): void;
  /** The same, and new connections get no answer either. */
  silence(): void;
  close(): void;
}

/** Opens a line to a server on this machine. @param at a port of its own; any free one by default */
export async function silentProxy(to: number, at = 0): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    }
    if (silent) return void near.pause();
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(at, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return {
    port,
    through: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    cut,
    silence: () => {
      silent = true;
      cut();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
