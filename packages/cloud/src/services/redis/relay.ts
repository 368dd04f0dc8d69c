import { connect, createServer, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";

/** Answers at an instance's address for the `redis-server` behind it. */
export interface Relay {
  /** Listens. Rejects when the address is taken; a no-op when it does already. */
  open(): Promise<void>;
  /** Ends it and all that goes through it; may be opened again. */
  close(): void;
}

/**
 * Passes each connection on to a Unix socket, bytes as they are, once `admit` has let it in; a refused one is reset.
 * Either side may end first: what the other still has to say comes through.
 */
export function createRelay(options: {
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly admit: (client: Socket) => Promise<boolean>;
  /** In-transit encryption: TLS ends here. */
  readonly tls?: SecureContext | undefined;
}): Relay {
  const { host, port, socket, admit, tls } = options;
  const open = new Set<Socket>();
  let server: Server | undefined;

  const pass = (given: Socket): void => {
    const client = tls === undefined ? given : new TLSSocket(given, { isServer: true, secureContext: tls });
    if (client !== given) open.add(client);
    const inner = connect({ path: socket, allowHalfOpen: true });
    open.add(inner);
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.once("close", () => {
        open.delete(one);
        // Half of it may have ended in order; what was cut off is cut off for the other side too.
        if (!one.readableEnded) other.destroy();
      });
      one.pipe(other);
    }
  };

  const accept = (client: Socket): void => {
    open.add(client);
    client.on("error", () => client.destroy());
    client.once("close", () => open.delete(client));
    admit(client).then(
      (welcome) => {
        if (client.destroyed) return;
        if (welcome) pass(client);
        else client.resetAndDestroy();
      },
      () => client.destroy(),
    );
  };

  return {
    open: async () => {
      if (server !== undefined) return;
      const listening = createServer(
        { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true },
        accept,
      );
      await new Promise<void>((resolve, reject) => {
        listening.once("error", reject);
        listening.listen({ host, port, exclusive: true }, resolve);
      });
      listening.on("error", () => undefined);
      server = listening;
    },
    close: () => {
      server?.close();
      server = undefined;
      for (const each of open) each.destroy();
    },
  };
}
