import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import type { Authority, Credentials } from "./authority.ts";
import { isCloudHost, isLoopback } from "./hosts.ts";

const handshakeTimeoutMs = 30_000;

/**
 * Ends TLS for hosts of Google's, each with a certificate made for it, and for this machine itself. It never listens:
 * sockets are handed to it, natively. A client that asks for any other host gets no handshake.
 */
export async function createTls(
  authority: Authority,
  opened: (socket: TLSSocket) => void,
  onBug: (thrown: unknown) => void,
): Promise<Server> {
  const contexts = new WeakMap<Credentials, SecureContext>();
  const contextFor = async (servername: string): Promise<SecureContext> => {
    const host = servername.toLowerCase().replace(/\.$/, "");
    if (!isCloudHost(host) && !isLoopback(host)) throw new Error(`The local cloud does not stand for ${host}.`);
    const credentials = await authority.credentials(host).catch((thrown) => {
      onBug(thrown);
      throw thrown;
    });
    const context = contexts.get(credentials) ?? createSecureContext(credentials);
    contexts.set(credentials, context);
    return context;
  };
  const server = createServer({
    // For a client that names no host: it dialled an address.
    ...(await authority.credentials("127.0.0.1")),
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: handshakeTimeoutMs,
    SNICallback: (servername, done) => {
      contextFor(servername).then(
        (context) => done(null, context),
        (refused: Error) => done(refused),
      );
    },
  });
  server.on("secureConnection", opened);
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}
