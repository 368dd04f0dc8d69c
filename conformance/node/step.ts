import { isDeepStrictEqual } from "node:util";

// biome-ignore lint/suspicious/noExplicitAny: the official clients' answers, looked into without ceremony
export type Answer = any;

/** Steps with one client through one door. They run in order; one that fails is told, and the next goes on. */
export interface Steps {
  readonly door: "grpc" | "rest";
  /** What tells the runs through the two doors apart in names. */
  readonly tag: string;
  /** A method of the client, or what it is tried for. */
  step(name: string, work: () => Promise<unknown>): Promise<void>;
  /** Tells of the client's methods that no step was named for. */
  all(client: { readonly prototype: object }, but?: readonly string[]): void;
}

function tell(group: string, name: string, why?: string): void {
  const outcome = why === undefined ? "ok" : "failed";
  process.stdout.write(`${JSON.stringify({ group, name, outcome, ...(why === undefined ? {} : { why: [why] }) })}\n`);
}

export function stepsOf(group: string, door: "grpc" | "rest"): Steps {
  const taken = new Set<string>();
  return {
    door,
    tag: `${door}-${process.pid}`,
    step: async (name, work) => {
      taken.add(name.split(" ")[0] as string);
      try {
        await within(work(), 30_000);
        tell(group, `${door} ${name}`);
      } catch (thrown) {
        tell(group, `${door} ${name}`, thrown instanceof Error ? thrown.message : String(thrown));
      }
    },
    all: (client, but = []) => {
      const missing = methodsOf(client).filter((name) => !taken.has(name) && !but.includes(name));
      tell(group, `${door} every method`, missing.length === 0 ? undefined : `not called: ${missing.join(", ")}`);
    },
  };
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The calls that a generated client has; helpers for names, streams and operations are none. */
function methodsOf(client: { readonly prototype: object }): string[] {
  const helper =
    /Path$|^match|Async$|Stream$|^_|^check|^constructor$|^initialize$|^close$|^getProjectId$|^(api|universe)|^(get|list|cancel|delete)Operations?$|^(get|list)Locations?$/;
  return Object.getOwnPropertyNames(client.prototype).filter((name) => !helper.test(name));
}

export function equal(found: unknown, wanted: unknown, what = "the answer"): void {
  if (!isDeepStrictEqual(found, wanted)) throw new Error(`${what} is ${show(found)}, not ${show(wanted)}`);
}

export function truthy(found: unknown, what: string): void {
  if (!found) throw new Error(`${what}: ${show(found)}`);
}

function show(value: unknown): string {
  return (JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each)) ?? "nothing").slice(
    0,
    200,
  );
}

/** The call must be refused with this gRPC code; answers the client's error. */
export async function refused(call: Promise<unknown>, code: number): Promise<Answer> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error as Answer,
  );
  if (outcome === undefined) throw new Error(`it was not refused with code ${code}`);
  if (outcome.code !== code)
    throw new Error(`it was refused with code ${outcome.code}, not ${code}: ${outcome.message}`);
  return outcome;
}

export const parent = "projects/demo";
export const region = `${parent}/locations/us-central1`;
