import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { request } from "node:http";
import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test } from "vitest";
import { startCloud } from "../cloud.ts";
import { dialledHosts } from "./dialled-hosts.test-support.ts";

/** The first line of the answer to `GET /` at this host, in the TLS of this cloud's own authority. */
function ask(host: string, port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const tunnel = request({ host: "127.0.0.1", port, method: "CONNECT", path: `${host}:443`, agent: false });
    tunnel.on("connect", (_res, socket) => {
      const tls = connectTls({ socket, ca, host, ...(isIP(host) === 0 ? { servername: host } : {}) }, () => {
        tls.write(`GET /v1/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      });
      let text = "";
      tls.on("data", (chunk) => (text += chunk)).on("error", reject);
      tls.on("end", () => resolve(text.slice(0, text.indexOf("\r"))));
    });
    tunnel.on("error", reject).end();
  });
}

test("doors: every host that Google's programs dial ends here, in TLS that verifies, and none leaves", async () => {
  const left: string[] = [];
  const watch = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.on("lookup", (_error, _address, _family, host) => left.push(host));
    socket.on("connectionAttempt", (ip) => ip === "127.0.0.1" || left.push(ip));
  };
  subscribe("net.client.socket", watch);
  try {
    await using cloud = await startCloud({ log: () => undefined });
    const { certificate } = await cloud.ca();
    expect(dialledHosts.length).toBeGreaterThan(150);
    for (const host of dialledHosts) {
      expect(await ask(host, cloud.port, certificate), host).toMatch(/^HTTP\/1\.1 [45]\d\d /);
    }
    expect(await ask("dialogflow.googleapis.com", cloud.port, certificate)).toBe("HTTP/1.1 501 Not Implemented");
    expect(await ask("name.invalid", cloud.port, certificate)).toBe("");
  } finally {
    unsubscribe("net.client.socket", watch);
  }
  // The one that is not Google's shows that leaving would be seen.
  expect([...new Set(left)]).toEqual(["name.invalid"]);
});
