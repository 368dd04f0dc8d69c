import { createServer } from "node:net";

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
