import { spawnSync } from "node:child_process";
import { connect } from "node:http2";
import { join } from "node:path";
import { type Figure, median } from "./bench.ts";
import type { Load } from "./load.ts";
import { addVersion, createSecret, type GrpcRequest } from "./secret-messages.ts";

/** A Secret Manager endpoint: gRPC and REST at one port, or another port for REST. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly restPort?: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Result {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

const version = "projects/bench/secrets/s/versions/1";
/** After one that warms up. */
const rounds = 5;
const ms = 800;

function loaded(spec: Load): Result | { readonly failed: string } {
  const child = spawnSync(process.execPath, [join(import.meta.dirname, "load.ts"), JSON.stringify(spec)], {
    encoding: "utf8",
  });
  if (child.status !== 0) return { failed: /^\w*Error: (.*)$/m.exec(child.stderr)?.[1] ?? child.stderr };
  return JSON.parse(child.stdout) as Result;
}

/** The one secret that is read, made where it is missing. */
export async function prepare({ host, port, headers }: Endpoint): Promise<void> {
  const session = connect(`http://${host}:${port}`);
  const call = ({ path, body }: GrpcRequest): Promise<string> =>
    new Promise((resolve, reject) => {
      const pseudo = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
      const stream = session.request({ ...pseudo, ...headers });
      let status = "";
      stream.on("response", (each) => (status ||= String(each["grpc-status"] ?? "")));
      stream.on("trailers", (each) => (status = String(each["grpc-status"])));
      stream.on("data", () => {});
      stream.on("error", reject);
      stream.on("end", () => resolve(status));
      stream.end(body);
    });
  try {
    const made = await call(createSecret("projects/bench", "s"));
    if (made !== "0" && made !== "6") throw new Error(`CreateSecret: grpc-status ${made}`);
    const added = await call(addVersion("projects/bench/secrets/s", "a value of some thirty-two bytes"));
    if (added !== "0") throw new Error(`AddSecretVersion: grpc-status ${added}`);
  } finally {
    session.close();
  }
}

/** The figures of one method over gRPC and REST, with 1 and 32 callers, each beside every peer, in turns. */
export function compare(
  call: "access" | "create",
  ours: Endpoint,
  peers: readonly { readonly label: string; readonly at: Endpoint; readonly isBare?: boolean }[],
): Figure[] {
  const figures: Figure[] = [];
  for (const callers of [1, 32]) {
    for (const kind of ["grpc", "rest"] as const) {
      const load = (at: Endpoint, isBare = false) =>
        loaded({
          kind,
          callers,
          ms,
          host: at.host,
          port: kind === "rest" ? (at.restPort ?? at.port) : at.port,
          headers: kind === "rest" ? { host: "secretmanager.googleapis.com", ...at.headers } : at.headers,
          ...(isBare && kind === "rest" ? { call: "path" as const, name: "/x" } : { call, name: nameOf(call) }),
        });
      const mine: Result[] = [];
      const theirs = peers.map((): number[] => []);
      const why: (string | undefined)[] = [];
      for (let round = 0; round <= rounds; round++) {
        const own = load(ours);
        if ("failed" in own) throw new Error(`the load failed: ${own.failed}`);
        if (round > 0) mine.push(own);
        for (const [at, peer] of peers.entries()) {
          if (why[at] !== undefined) continue;
          const result = load(peer.at, peer.isBare);
          if ("failed" in result) why[at] = `${peer.label} does not serve it: ${result.failed}`;
          else if (round > 0) theirs[at]?.push(result.perSecond);
        }
      }
      const perSecond = median(mine.map((each) => each.perSecond));
      const [p50, p99] = [median(mine.map((each) => each.p50)), median(mine.map((each) => each.p99))];
      for (const [at, { label }] of peers.entries()) {
        const note = why[at] ?? (at === 0 ? `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms` : undefined);
        figures.push({
          label: `${kind === "grpc" ? "gRPC" : "REST"}, ${callers} caller${callers > 1 ? "s" : ""}, ${label}`,
          unit: "per second",
          ours: perSecond,
          ...(why[at] === undefined ? { peer: median(theirs[at] ?? []) } : {}),
          ...(note === undefined ? {} : { note }),
        });
      }
    }
  }
  return figures;
}

const nameOf = (call: "access" | "create"): string => (call === "access" ? version : "projects/bench");
