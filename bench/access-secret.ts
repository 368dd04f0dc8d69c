import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { bareServer, cloudProcess } from "./processes.ts";
import { compare, type Endpoint, prepare } from "./secret-load.ts";

const peer = "a bare node:http2 / node:http server that answers fixed bytes, and the endpoint of --peer";

export const accessSecret: Bench = {
  name: "access-secret",
  what: "AccessSecretVersion a second, IAM enforced, each read in the audit log (DATA_READ asked for), state on disk",
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
  const post = async (path: string, body: object): Promise<unknown> => {
    const init = { method: "POST", headers: { authorization }, body: JSON.stringify(body) };
    const answer = await fetch(`${cloud.url}/${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await post("serviceusage.googleapis.com/v1/projects/bench/services/secretmanager.googleapis.com:enable", {});
  const project = "cloudresourcemanager.googleapis.com/v1/projects/bench";
  const policy = (await post(`${project}:getIamPolicy`, {})) as object;
  const auditLogConfigs = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"].map((logType) => ({ logType }));
  const auditConfigs = [{ service: "secretmanager.googleapis.com", auditLogConfigs }];
  await post(`${project}:setIamPolicy`, { policy: { ...policy, auditConfigs }, updateMask: "auditConfigs,etag" });
  const ours: Endpoint = { host: "127.0.0.1", port: cloud.port, headers: { authorization } };
  await prepare(ours);
  const beside = [
    { label: "bare", at: { host: "127.0.0.1", port: bare.h2, restPort: bare.h1, headers: {} }, isBare: true },
  ];
  if (peer === undefined) return compare(call, ours, beside);
  const at: Endpoint = { ...peer, headers: {} };
  await prepare(at).catch((cause: unknown) => {
    throw new Error(`${peer.host}:${peer.port} serves no Secret Manager over gRPC in the clear`, { cause });
  });
  return compare(call, ours, [...beside, { label: `${peer.host}:${peer.port}`, at, isBare: false }]);
}
