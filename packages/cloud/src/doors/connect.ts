import type { IncomingMessage, ServerResponse } from "node:http";
import { isLoopback } from "./hosts.ts";
import type { PortHandlers } from "./port.ts";
import { fateOf, forward, type ProxyOptions, refusedText, targetOf, tunnel } from "./proxy.ts";

/** `CONNECT host:port`: Google's hosts end here, the others are reached, or refused. */
export function connectDoor(options: ProxyOptions): PortHandlers["connect"] {
  return (req, socket, head, again) => {
    socket.on("error", () => undefined);
    const fail = (status: number, text: string): void => {
      if (!socket.writable) return void socket.destroy();
      const bytes = Buffer.byteLength(text);
      socket.end(
        `HTTP/1.1 ${status} ${words[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n${text}`,
      );
    };
    const target = targetOf(req.url ?? "");
    if (target === undefined) return fail(400, "CONNECT takes HOST:PORT.\n");
    const fate = fateOf(target.hostname, options);
    if (fate === "refuse") return fail(403, refusedText(target.hostname));
    if (fate === "tunnel") return tunnel(socket, target, head, (status, why) => fail(status, `${why}\n`));
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    again(socket);
  };
}

const words: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

/** Absolute-form requests for hosts that are not ours to serve. False: the ordinary doors have it. */
export function forwardDoor(
  options: ProxyOptions,
  ownPort: () => number,
): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const absolute = /^http:\/\/([^/?#]+)(.*)$/i.exec(req.url ?? "");
    if (absolute === null) return false;
    const target = targetOf(absolute[1] ?? "", 80);
    if (target === undefined || (isLoopback(target.hostname) && target.port === ownPort())) return false;
    const fate = fateOf(target.hostname, options);
    if (fate === "here") return false;
    if (fate === "refuse") {
      res.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end(refusedText(target.hostname));
      return true;
    }
    const path = absolute[2] ?? "";
    forward(req, res, target, path.startsWith("/") ? path : `/${path}`);
    return true;
  };
}
