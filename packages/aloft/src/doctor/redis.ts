import { connect } from "node:net";
import type { Graph, Resource } from "../app/graph.ts";
import type { RedisSpec, ServiceSpec } from "../app/specs.ts";
import { declaredSecrets } from "../secrets/declared.ts";
import type { Check, CheckContext, Finding } from "./check.ts";
import { askQueue } from "./queue.ts";

/**
 * Proves three things one by one: Redis answers, the queue answers, a job dispatched is run. The first from here where the
 * address can be reached; all three by a service that uses it, from where it counts.
 */
export const redis: Check = {
  name: "redis",
  summary: "Redis answers, the queue answers, and a job dispatched is run",
  async *run(at) {
    const instances = at.graph.resources.filter((one): one is Resource<RedisSpec> => one.kind === "redis");
    if (instances.length === 0) yield { about: "redis", state: "unknown", detail: "the file declares none" };
    for (const one of instances) yield* instance(one, at);
  },
};

async function* instance(one: Resource<RedisSpec>, at: CheckContext): AsyncIterable<Finding> {
  const about = one.address.replace("/", " ");
  const found = await observed(one, at);
  if (found === undefined) {
    yield { about, state: "failed", detail: `there is no instance ${one.id}`, next: "aloft up" };
    return;
  }
  const { state = "UNKNOWN", host = "", port = 6379, statusMessage } = found;
  if (state !== "READY") {
    const detail = [`the instance is ${state}`, statusMessage].filter((part) => part !== undefined).join(": ");
    yield { about, state: "failed", detail, next: "aloft up" };
    return;
  }
  yield { about, state: "ok", detail: `the instance is READY at ${host}:${port}` };
  yield pinged(about, await ping(host, port), `${host}:${port}`, at.graph.env === "local");
  yield* askQueue(about, usersOf(one, at.graph), at);
}

interface Instance {
  readonly state?: string;
  readonly host?: string;
  readonly port?: number;
  readonly statusMessage?: string;
}

async function observed(one: Resource, { google, graph, signal }: CheckContext): Promise<Instance | undefined> {
  const path = `v1/projects/${graph.project}/locations/${graph.region}/instances/${one.id}`;
  try {
    return await google.request<Instance>({ api: "redis", path, signal });
  } catch (error) {
    const { code, reason } = error as { code?: string; reason?: string };
    if (code === "NOT_FOUND" || reason === "SERVICE_DISABLED") return undefined;
    throw error;
  }
}

/** Services that read this Redis's address, those that everyone may call first. */
function usersOf(one: Resource, graph: Graph): Resource<ServiceSpec>[] {
  const users = new Set(
    declaredSecrets(graph)
      .filter(({ derivedFrom }) => derivedFrom === one.address)
      .flatMap((secret) => secret.users),
  );
  const services = graph.resources.filter(
    (each): each is Resource<ServiceSpec> => each.kind === "service" && users.has(each.address),
  );
  return services.sort((a, b) => Number(b.spec.public) - Number(a.spec.public));
}

type Ping = { readonly answered: string; readonly ms: number } | { readonly silent: string };

function pinged(about: string, result: Ping, address: string, isLocal: boolean): Finding {
  if ("silent" in result) {
    // An address inside a VPC is out of a laptop's reach: then the service's own word counts.
    return isLocal
      ? {
          about,
          state: "failed",
          detail: `${address} does not answer: ${result.silent}`,
          next: "aloft cloud stop && aloft cloud start",
        }
      : { about, state: "unknown", detail: `${address} cannot be reached from here` };
  }
  const well = /^(\+PONG|-NOAUTH)/.test(result.answered);
  const detail = well ? `Redis answers at ${address}` : `Redis at ${address} answers ${result.answered}`;
  return { about, state: well ? "ok" : "failed", detail, ms: result.ms };
}

/** One PING in Redis's own protocol. Never throws. */
function ping(host: string, port: number): Promise<Ping> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result: Ping): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(3000, () => end({ silent: "no answer in 3 s" }));
    socket.on("error", (error: NodeJS.ErrnoException) => end({ silent: error.code ?? error.message }));
    socket.on("close", () => end({ silent: "it hung up" }));
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      end({ answered: data.toString("utf8").trim().slice(0, 80), ms: Math.round(performance.now() - startedMs) });
    });
  });
}
