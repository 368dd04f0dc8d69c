import { createServer } from "node:net";

/*
 * Cloud Run gives a container the port of its spec, in a network of its own. Here all instances share the machine's network
 * (they need its way out, and its loopback services), so each gets a port of its own in `PORT`, never the spec's: a program
 * that ignores `PORT` does not become ready, as on Cloud Run with another port than the one it likes.
 */

/** Below the range that Linux takes outgoing ports from, so that a port stays free until its program binds it. */
const first = 20_000;
const count = 12_000;

/** Ports given out by this process and not returned. */
const taken = new Set<number>();

/** A port that nobody listens on, at any address, and that nobody else is given before `returnPort`. */
export async function takePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = first + Math.floor(Math.random() * count);
    if (taken.has(port)) continue;
    taken.add(port);
    if (await bindable(port)) return port;
    taken.delete(port);
  }
  throw new Error(`no free port between ${first} and ${first + count}`);
}

export const returnPort = (port: number): void => {
  taken.delete(port);
};

function bindable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
