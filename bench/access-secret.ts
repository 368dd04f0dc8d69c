import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Bench, type Figure, median } from "./bench.ts";
import { bareServer, cloudProcess } from "./processes.ts";

interface Result {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

function loaded(spec: object): Result {
  const result = spawnSync(process.execPath, [join(import.meta.dirname, "load.ts"), JSON.stringify(spec)], {
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`the load failed: ${result.stderr}`);
  return JSON.parse(result.stdout) as Result;
}

/** `AccessSecretVersionRequest { name = 1 }` in its gRPC frame. */
function framed(name: string): string {
  const text = Buffer.from(name);
  const message = Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]).toString("base64");
}

export const bench: Bench = {
  name: "access-secret",
  what: "AccessSecretVersion a second, IAM enforced and audit on, state on disk",
  peer: "a bare node:http2 / node:http server that answers fixed bytes",
  async run() {
    await using cloud = await cloudProcess();
    await using bare = await bareServer();
    const authorization = `Bearer ${await cloud.token()}`;
    const api = `${cloud.url}/secretmanager.googleapis.com/v1/projects/bench`;
    const post = async (path: string, body: object) => {
      const answer = await fetch(`${api}${path}`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    };
    const enable = await fetch(
      `${cloud.url}/serviceusage.googleapis.com/v1/projects/bench/services/secretmanager.googleapis.com:enable`,
      { method: "POST", headers: { authorization } },
    );
    if (!enable.ok) throw new Error(`enabling the API: ${enable.status} ${await enable.text()}`);
    await post("/secrets?secretId=s", { replication: { automatic: {} } });
    await post("/secrets/s:addVersion", {
      payload: { data: Buffer.from("a value of some thirty-two bytes").toString("base64") },
    });

    const name = "projects/bench/secrets/s/versions/1";
    const figures: Figure[] = [];
    for (const callers of [1, 32]) {
      for (const kind of ["grpc", "rest"] as const) {
        const ours: Result[] = [];
        const peer: Result[] = [];
        for (let round = 0; round < 3; round++) {
          const common = { kind, callers, ms: 1500, headers: { authorization } };
          ours.push(
            loaded(
              kind === "grpc"
                ? {
                    ...common,
                    port: cloud.port,
                    path: "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion",
                    body: framed(name),
                  }
                : { ...common, port: cloud.port, path: `/secretmanager.googleapis.com/v1/${name}:access` },
            ),
          );
          peer.push(
            loaded({
              ...common,
              port: kind === "grpc" ? bare.h2 : bare.h1,
              path: "/x",
              ...(kind === "grpc" ? { body: framed(name) } : {}),
            }),
          );
        }
        figures.push({
          label: `${kind === "grpc" ? "gRPC" : "REST"}, ${callers} caller${callers > 1 ? "s" : ""}`,
          unit: "per second",
          ours: median(ours.map((result) => result.perSecond)),
          peer: median(peer.map((result) => result.perSecond)),
          note: `p50 ${median(ours.map((r) => r.p50)).toFixed(2)} ms, p99 ${median(ours.map((r) => r.p99)).toFixed(2)} ms`,
        });
      }
    }
    return figures;
  },
};
