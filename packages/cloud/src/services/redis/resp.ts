import { connect } from "node:net";

/**
 * Asks a Redis one thing over its own connection: the first line of the answer without its type (`PONG`, `OK`).
 * Throws what the server said for an error (`LOADING …`), and what went wrong on the way.
 */
export async function ask(
  address: { readonly host: string; readonly port: number } | { readonly path: string },
  command: readonly string[],
  options: { readonly password?: string | undefined; readonly timeoutMs?: number } = {},
): Promise<string> {
  const commands = options.password === undefined ? [command] : [["AUTH", options.password], command];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket =
    "path" in address ? connect(address) : connect({ host: address.host, port: address.port, noDelay: true });
  let text = "";
  socket.setTimeout(options.timeoutMs ?? 2000, () => socket.destroy(new Error("Redis does not answer in time.")));
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("Redis closed the connection.")));
  socket.on("connect", () => socket.write(commands.map(encode).join("")));
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    text += chunk;
    const lines = text.split("\r\n").slice(0, -1);
    const refused = lines.find((line) => line.startsWith("-"));
    const last = lines[commands.length - 1];
    if (refused !== undefined) reject(new Error(refused.slice(1)));
    else if (last !== undefined) resolve(last.slice(1));
    else return;
    socket.destroy();
  });
  return promise;
}

const encode = (command: readonly string[]): string =>
  `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
