import { startCloud } from "@aloft/cloud";
import { createClock } from "@aloft/kit/clock";
import type { CloudService } from "../../packages/cloud/src/service.ts";
import type { StoredProjects } from "../../packages/cloud/src/store/projects.ts";
import { Bindings, project } from "./bindings.ts";
import { compare, type Difference } from "./compare.ts";
import type { Answer, Exchange, Recording } from "./exchange.ts";
import { presupposed } from "./presupposed.ts";

/** How one exchange went. */
export interface Replayed {
  readonly index: number;
  /** `secretmanager.googleapis.com`, without a region. */
  readonly api: string;
  /** `GET /v1/projects/…`, as recorded. */
  readonly what: string;
  readonly differences: readonly Difference[];
}

/** Just before what the recordings hold: times in their requests are still to come. */
const startMs = Date.parse("2024-04-01T12:00:00Z");
const patienceMs = 8_000;

function apiOf(url: URL): string {
  return url.hostname.replace(/^[a-z]+-[a-z]+\d+-/, "");
}

/** Sends a recording's requests to a cloud of its own, and compares the answers: each is told as it ends. Requests to other APIs are left out. */
export async function replay(
  recording: Recording,
  services: readonly CloudService[],
  ended: (one: Replayed) => void,
): Promise<readonly Replayed[]> {
  const apis = new Set(services.map((service) => service.api));
  await using cloud = await startCloud({
    services,
    // Some recordings replace the project's policy, by a caller whose roles are the organisation's.
    iam: "off",
    clock: createClock({ offsetMs: startMs - Date.now() }),
    projects: { [project.id]: project.number },
    // What a recording asks for before it is there, is not there.
    newProjects: false,
    log: () => undefined,
  });
  const token = cloud.token();
  const bindings = new Bindings();
  const { projects, containers, buckets } = presupposed(recording, (text) => bindings.fill(text));
  for (const name of containers) (cloud.host.projects as StoredProjects).hierarchy.ensure(name);
  for (const id of [project.id, ...projects]) {
    cloud.host.projects.ensure(id);
    for (const api of apis) cloud.host.projects.setEnabled(id, api, true);
  }

  for (const bucket of buckets) {
    await fetch(`${cloud.url}/storage.googleapis.com/storage/v1/b?project=${project.id}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(bindings.fillAll(bucket)),
    });
  }

  /** Operations that were answered and not seen to end. */
  const pending = new Set<string>();

  /** The recording's client waited for each of its operations before it went on. */
  const settle = async (): Promise<void> => {
    const until = Date.now() + patienceMs;
    for (const operation of pending) {
      let done = false;
      while (!done && Date.now() < until) {
        const answer = await fetch(`${cloud.url}/${operation}`, { headers: { authorization: `Bearer ${token}` } });
        done = !answer.ok || ((await answer.json()) as Answer).done === true;
        if (!done) await new Promise((resolve) => setTimeout(resolve, 25));
      }
      pending.delete(operation);
    }
  };

  const send = async (exchange: Exchange, url: URL): Promise<{ status: number; body: Answer }> => {
    const path = url.pathname.replace(/:(get|set)IamPolicy$/, "#policy").replace(/:\w+$/, "");
    const name = path.replace(/^\/v\w+\//, "");
    const body = hasBody(exchange) ? bindings.body(name, exchange.body) : undefined;
    const answer = await fetch(`${cloud.url}/${url.hostname}${url.pathname}${url.search}`, {
      method: exchange.method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const said = text === "" ? undefined : read(text);
    if (answer.ok) bindings.remember(name, said);
    if (answer.ok && exchange.method !== "GET" && said?.done !== true && /(^|\/)operations\//.test(said?.name ?? ""))
      pending.add(`${url.hostname}/${url.pathname.split("/")[1]}/${said.name}`);
    return { status: answer.status, body: said };
  };

  const judge = (exchange: Exchange, answer: { status: number; body: Answer }): readonly Difference[] => {
    if (answer.status !== exchange.status) {
      const ours = `${answer.status} ${answer.body?.error?.message ?? ""}`.trim();
      return [{ at: "status", recorded: String(exchange.status), ours }];
    }
    return exchange.response === undefined ? [] : compare(read(exchange.response), answer.body, bindings);
  };

  const done: Replayed[] = [];
  for (const [index, exchange] of recording.exchanges.entries()) {
    const url = new URL(bindings.fillRequest(exchange.url));
    const what = `${exchange.method} ${new URL(exchange.url).pathname.replaceAll("%7B", "{").replaceAll("%7D", "}")}`;
    const api = apiOf(url);
    if (!judged.has(api)) continue;
    if (!/\/operations\//.test(url.pathname)) await settle();
    const until = Date.now() + patienceMs;
    let answer = await send(exchange, url);
    let differences = judge(exchange, answer);
    // A recording drops identical polls, and its pending ones came from a slower cloud.
    while (differences.length > 0 && answer.status === 200 && waits(exchange, answer.body) && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      answer = await send(exchange, url);
      differences = judge(exchange, answer);
    }
    const next = recording.exchanges[index + 1];
    if (differences.length > 0 && ahead(exchange, answer.body, next)) differences = [];
    // Google is eventually consistent: the same was asked again at once, and then answered as ours answers.
    if (differences.length > 0 && repeats(exchange, next) && judge(next, answer).length === 0) differences = [];
    if (exchange.status === 404 && exchange.method === "GET") bindings.forget(exchange.url);
    done.push({ index, api, what, differences });
    ended({ index, api, what, differences });
  }
  return done;
}

/** JSON that came as a text; any other text stays one. */
function read(value: Answer): Answer {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The recorder kept bodies of GET requests too. */
function hasBody({ method, body }: Exchange): boolean {
  return method !== "GET" && body !== undefined;
}

/** Whether ours is still on its way to what was recorded. */
function waits(exchange: Exchange, ours: Answer): boolean {
  if (exchange.method !== "GET" || typeof ours !== "object" || ours === null) return false;
  if (exchange.response?.done === true) return ours.done !== true;
  return ours.reconciling === true || /^(CREATING|UPDATING|DELETING|PENDING\w*)$/.test(String(ours.state));
}

function repeats(exchange: Exchange, next: Exchange | undefined): next is Exchange {
  return exchange.method === "GET" && next?.method === "GET" && next.url === exchange.url;
}

/** Whether ours is done where the recording still waits for the same, and shows the end of it next. */
function ahead(exchange: Exchange, ours: Answer, next: Exchange | undefined): boolean {
  const polled = exchange.method === "GET" && /operations?\//.test(exchange.url) && exchange.response?.done !== true;
  return polled && ours?.done === true && next?.method === "GET" && next.url === exchange.url;
}

/** The APIs whose answers are judged, whether or not the cloud has them. */
export const judged: ReadonlyMap<string, string> = new Map([
  ["secretmanager.googleapis.com", "secretmanager"],
  ["cloudkms.googleapis.com", "kms"],
  ["iam.googleapis.com", "iam"],
  ["serviceusage.googleapis.com", "serviceusage"],
  ["cloudresourcemanager.googleapis.com", "resourcemanager"],
  ["run.googleapis.com", "run"],
  ["redis.googleapis.com", "redis"],
  ["artifactregistry.googleapis.com", "artifactregistry"],
  ["logging.googleapis.com", "logging"],
  ["monitoring.googleapis.com", "monitoring"],
  ["storage.googleapis.com", "storage"],
]);
