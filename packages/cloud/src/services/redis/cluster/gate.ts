import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Relay } from "../relay.ts";
import { encode } from "./talk.ts";

export interface GateOptions {
  readonly host: string;
  readonly port: number;
  /** Where the server behind it listens; asked for each connection. */
  readonly socket: () => string;
  /** Opens the server, for the gate and for the nodes among themselves. */
  readonly secret: string;
  /** Whether the network leads a client here at all. */
  readonly admit: (client: Socket) => Promise<boolean>;
  /** How many may be connected at once; what the nodes need among themselves comes on top of what users ask for. */
  readonly most: () => number;
  /** In-transit encryption: what clients are met with. Without it they speak in the clear. */
  readonly tls?: SecureContext;
  /** Whether the password that a client gives lets it in; absent: nobody is asked. */
  readonly allow?: (password: string) => boolean;
}

const denied = "-NOAUTH Authentication required.\r\n";
const wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

/**
 * Stands before a node: ends TLS, asks for the password (an access token, by IAM), and signs in at the server itself.
 * The nodes come the same way, in the clear, with the cluster's own secret.
 */
export function createGate(options: GateOptions): Relay {
  const { host, port } = options;
  const open = new Set<Socket>();
  let server: Server | undefined;

  const accept = (client: Socket): void => {
    open.add(client);
    client.on("error", () => client.destroy());
    client.once("close", () => open.delete(client));
    options.admit(client).then(
      (welcome) => {
        if (client.destroyed) return;
        if (!welcome) client.resetAndDestroy();
        else if (open.size > options.most()) client.end("-ERR max number of clients reached\r\n");
        else if (options.tls === undefined && options.allow === undefined) pass(options, client, Buffer.alloc(0));
        else client.once("readable", () => begin(options, client));
      },
      () => client.destroy(),
    );
  };

  return {
    open: async () => {
      if (server !== undefined) return;
      const listening = createServer({ noDelay: true, keepAlive: true }, accept);
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

/** The first bytes say who comes: TLS begins with 22, and in the clear is either a node or, without TLS, a client. */
function begin(options: GateOptions, client: Socket): void {
  const first = client.read() as Buffer | null;
  if (first === null) return void client.once("readable", () => begin(options, client));
  client.unshift(first);
  if (options.tls !== undefined && first[0] === 22) {
    const secure = new TLSSocket(client, { isServer: true, secureContext: options.tls });
    secure.on("error", () => client.destroy());
    if (options.allow === undefined) pass(options, secure, Buffer.alloc(0));
    else signIn(options, secure, options.allow);
    return;
  }
  const allow = options.tls === undefined ? (options.allow ?? (() => true)) : () => false;
  signIn(options, client, allow);
}

/** Answers for the server until somebody has said a password that counts. */
function signIn(options: GateOptions, client: Duplex, allow: (password: string) => boolean): void {
  let bytes = Buffer.alloc(0);
  const hear = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > 65_536) return void client.destroy();
    for (let read = readCommand(bytes); read !== undefined; read = readCommand(bytes)) {
      bytes = bytes.subarray(read.end);
      const [name = "", ...rest] = read.words;
      const verb = name.toUpperCase();
      const at = rest.findIndex((word) => word.toUpperCase() === "AUTH");
      const password = verb === "AUTH" ? rest.at(-1) : verb === "HELLO" && at >= 0 ? rest[at + 2] : undefined;
      if (verb === "QUIT") return void client.end("+OK\r\n");
      if (password === undefined) client.write(denied);
      else if (password !== options.secret && !allow(password)) client.write(wrong);
      else {
        client.off("data", hear);
        client.pause();
        if (verb === "AUTH") client.write("+OK\r\n");
        const hello = ["HELLO", ...rest.slice(0, at), ...rest.slice(at + 3)];
        const first = verb === "AUTH" ? Buffer.alloc(0) : Buffer.from(encode(hello));
        pass(options, client, Buffer.concat([first, bytes]));
        return;
      }
    }
  };
  client.on("data", hear);
}

const ok = Buffer.from("+OK\r\n");

/** Signs in at the server, and from then on passes bytes as they are, beginning with `ahead`. */
function pass(options: GateOptions, client: Duplex, ahead: Buffer): void {
  const inner = connect({ path: options.socket() });
  let heard = Buffer.alloc(0);
  const hear = (chunk: Buffer): void => {
    heard = Buffer.concat([heard, chunk]);
    if (heard.length < ok.length) return;
    inner.off("data", hear);
    inner.pause();
    if (!heard.subarray(0, ok.length).equals(ok)) return void client.destroy();
    if (heard.length > ok.length) client.write(heard.subarray(ok.length));
    if (ahead.length > 0) inner.write(ahead);
    client.pipe(inner);
    inner.pipe(client);
  };
  inner.on("data", hear);
  inner.once("connect", () => inner.write(encode(["AUTH", options.secret])));
  inner.on("error", () => client.destroy());
  inner.once("close", () => client.destroy());
  client.on("error", () => inner.destroy());
  client.once("close", () => inner.destroy());
}

/** A whole command, as clients write it: a list of texts, or words on a line. */
function readCommand(bytes: Buffer): { readonly words: readonly string[]; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n");
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", 0, lineEnd);
  let end = lineEnd + 2;
  if (!line.startsWith("*")) return { words: line.split(" ").filter((word) => word !== ""), end };
  const words: string[] = [];
  for (let i = 0; i < Number(line.slice(1)); i++) {
    const sizeEnd = bytes.indexOf("\r\n", end);
    if (sizeEnd < 0) return undefined;
    const from = sizeEnd + 2;
    const length = Number(bytes.toString("utf8", end + 1, sizeEnd));
    if (!Number.isInteger(length) || length < 0 || bytes.length < from + length + 2) return undefined;
    words.push(bytes.toString("utf8", from, from + length));
    end = from + length + 2;
  }
  return { words, end };
}
