import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { port } from "./rules.ts";

/**
 * An address in 127.0.0.0/8 of the instance's own: derived from its name and the cloud's place, so that it tends to be
 * the same again, and passed over when `taken` says so or something listens there already. 127.0.x.x is left alone.
 */
export async function findAddress(seed: string, taken: (host: string) => boolean): Promise<string> {
  for (let attempt = 0; attempt < 64; attempt++) {
    const hash = createHash("sha256").update(`${seed}#${attempt}`).digest();
    const [a = 0, b = 0, c = 0] = hash;
    const host = `127.${16 + (a % 224)}.${b}.${8 * (c % 31) + 3}`;
    if (!taken(host) && (await isFree(host))) return host;
  }
  throw new Error("No free loopback address was found for Redis.");
}

function isFree(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
