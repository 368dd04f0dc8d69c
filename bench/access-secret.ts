import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { bareServer, cloudProcess } from "./processes.ts";
import { compare, type Endpoint, prepare } from "./secret-load.ts";

const peer = "a bare node:http2 / node:http server that answers fixed bytes, and the endpoint of --peer";

export const accessSecret: Bench = {
  name: "access-secret",
  what: "AccessSecretVersion a second, IAM enforced and audit on, state on disk",
  peer,
  run: (options) => measured("access", options),
};

export const createSecret: Bench = {
  name: "create-secret",
  what: "CreateSecret a second, IAM enforced, each written to disk with its audit entry",
  peer,
  run: (options) => measured("create", options),
};

async function measured(call: "access" | "create", { peer }: BenchOptions): Promise<readonly Figure[]> {
  await using cloud = await cloudProcess();
  await using bare = await bareServer();
  const authorization = `Bearer ${await cloud.token()}`;
  const enable = await fetch(
    `${cloud.url}/serviceusage.googleapis.com/v1/projects/bench/services/secretmanager.googleapis.com:enable`,
    { method: "POST", headers: { authorization } },
  );
  if (!enable.ok) throw new Error(`enabling the API: ${enable.status} ${await enable.text()}`);
  const ours: Endpoint = { host: "127.0.0.1", port: cloud.port, headers: { authorization } };
  await prepare(ours);
  const beside = [
    { label: "bare", at: { host: "127.0.0.1", port: bare.h2, restPort: bare.h1, headers: {} }, isBare: true },
  ];
  if (peer === undefined) return compare(call, ours, beside);
  const at: Endpoint = { ...peer, headers: {} };
  await prepare(at);
  return compare(call, ours, [...beside, { label: `${peer.host}:${peer.port}`, at, isBare: false }]);
}
