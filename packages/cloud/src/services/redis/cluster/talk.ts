import { connect } from "node:net";

/** What Redis answers: a text (of whatever kind), a list, nothing; an error where `talk` is told to keep it. */
export type Reply = string | null | Error | readonly Reply[];

/**
 * Sends commands over one connection of their own to a server's socket, and answers what came for each, in order.
 * Errors are answers too. Throws when the server cannot be reached or does not answer in time.
 */
export async function talk(
  path: string,
  commands: readonly (readonly string[])[],
  options: { readonly password: string; readonly timeoutMs?: number },
): Promise<Reply[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply[]>();
  const socket = connect({ path });
  const replies: Reply[] = [];
  let rest: Buffer = Buffer.alloc(0);
  socket.setTimeout(options.timeoutMs ?? 10_000, () => socket.destroy(new Error("Redis does not answer in time.")));
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("Redis closed the connection.")));
  socket.on("connect", () => socket.write([["AUTH", options.password], ...commands].map(encode).join("")));
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let read = readReply(rest, at); read !== undefined; read = readReply(rest, at)) {
      replies.push(read.reply);
      at = read.end;
    }
    rest = rest.subarray(at);
    if (replies.length <= commands.length) return;
    const [auth, ...answers] = replies;
    if (auth instanceof Error) reject(auth);
    resolve(answers);
    socket.destroy();
  });
  return promise;
}

/** One command's answer. Throws the error that Redis answered. */
export async function tell(path: string, password: string, ...command: readonly string[]): Promise<Reply> {
  const [reply = null] = await talk(path, [command], { password });
  if (reply instanceof Error) throw reply;
  return reply;
}

export const encode = (command: readonly string[]): string =>
  `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;

/** A whole reply that begins at `at`; undefined while some of it is still to come. */
function readReply(bytes: Buffer, at: number): { readonly reply: Reply; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const next = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "-":
      return { reply: new Error(line), end: next };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end: next };
      const end = next + length + 2;
      return bytes.length < end ? undefined : { reply: bytes.toString("utf8", next, next + length), end };
    }
    case "*": {
      const items: Reply[] = [];
      let end = next;
      for (let i = 0; i < Number(line); i++) {
        const item = readReply(bytes, end);
        if (item === undefined) return undefined;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: items, end };
    }
    default:
      return { reply: line, end: next };
  }
}
