import { messageOf } from "@aloft/kit/failure";
import type { Resource } from "../app/graph.ts";
import type { ServiceSpec } from "../app/specs.ts";
import { statusOf } from "../plan/status.ts";
import type { CheckContext, Finding } from "./check.ts";

/**
 * The path at which a service says whether its queue works: the JSON of `checkQueue` of `@aloft/runtime/jobs`, 200 or 503.
 * Only the service stands where it counts: in the network, with the worker's own libraries.
 */
export const queuePath = "/diagnostics/queue";

interface QueueCheck {
  readonly steps: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly ms: number;
    readonly detail: string;
  }[];
}

/** Asks the first service that offers the path. */
export async function* askQueue(
  about: string,
  services: readonly Resource<ServiceSpec>[],
  at: CheckContext,
): AsyncIterable<Finding> {
  const { graph, google, signal } = at;
  if (services.length === 0) {
    yield { about, state: "unknown", detail: "no service uses it" };
    return;
  }
  const statuses = await statusOf({ ...graph, resources: services }, google, { signal });
  let up = 0;
  for (const service of services) {
    const url = statuses.find(({ address }) => address === service.address)?.url;
    if (url === undefined) continue;
    up++;
    const name = service.address.replace("/", " ");
    let answer: QueueCheck | undefined;
    try {
      answer = await ask(url, service.spec.public, at);
    } catch (error) {
      yield { about, state: "failed", detail: `${name} does not answer: ${messageOf(error)}`, next: "aloft logs" };
      return;
    }
    if (answer === undefined) continue;
    for (const { name: step, ok, ms, detail } of answer.steps) {
      const finding = { about: `${about}: ${step}`, detail: `${detail} (seen by ${name})`, ms };
      yield ok ? { ...finding, state: "ok" } : { ...finding, state: "failed", next: nextFor(step) };
    }
    return;
  }
  const names = services.map(({ address }) => address.split("/")[1]).join(", ");
  const unproved = "neither the queue nor a job could be proved: ";
  yield up === 0
    ? { about, state: "failed", detail: `${unproved}no service that uses it (${names}) is up`, next: "aloft up" }
    : {
        about,
        state: "unknown",
        detail: `${unproved}no service that uses it (${names}) answers GET ${queuePath}`,
        next: "answer it with checkQueue of @aloft/runtime/jobs",
      };
}

function nextFor(step: string): string {
  return step === "job" ? "aloft logs worker   (does a worker run, and is it healthy?)" : "aloft status";
}

/** Undefined when the service has no such path. Throws when it does not answer, or with something else. */
async function ask(
  url: string,
  open: boolean,
  { google, reach, signal }: CheckContext,
): Promise<QueueCheck | undefined> {
  const headers: Record<string, string> = open ? {} : { authorization: `Bearer ${await google.idToken(url)}` };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
  const response = await fetch(`${reach(url)}${queuePath}`, { headers, signal: limit });
  const text = await response.text();
  if (response.status === 404 || response.status === 405) return undefined;
  try {
    const found = JSON.parse(text) as Partial<QueueCheck>;
    if (Array.isArray(found.steps)) return found as QueueCheck;
  } catch {
    // Told below.
  }
  throw new Error(`GET ${queuePath} answered ${response.status} without its steps`);
}
