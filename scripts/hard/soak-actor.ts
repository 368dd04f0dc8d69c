import type { CloudProcess } from "./cloud-process.ts";
import type { Random } from "./random.ts";

export const project = "soak-project";

export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly headers: Headers;
  /** The body as JSON. */
  json<T>(): T;
}

/** Calls of the cloud as it runs now. Throws when the connection breaks, which is what a kill does. */
export interface Caller {
  call(method: string, path: string, body?: object | Buffer, headers?: Record<string, string>): Promise<Answer>;
  /** Like `call`; throws for an answer that is no success: the cloud broke its word. */
  ok(method: string, path: string, body?: object | Buffer, headers?: Record<string, string>): Promise<Answer>;
}

/** Somebody who writes, one write at a time, remembers what was acknowledged, and asks for it later. */
export interface Actor {
  readonly name: string;
  /** One write. Throws when it got no answer: then it may or may not have happened. */
  step(caller: Caller, random: Random): Promise<void>;
  /** What is lost, half-written or wrong. `all`: everything ever written, not the newest alone. */
  check(caller: Caller, all: boolean): Promise<readonly string[]>;
  /** How many writes were acknowledged. */
  readonly acknowledged: number;
}

/** An answer that says that the cloud, alive, did not do what it was asked. */
export class Refused extends Error {}

export function createCaller(cloud: CloudProcess, token: string): Caller {
  const call: Caller["call"] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${cloud.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined || body instanceof Buffer ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, bytes, headers: answer.headers, json: () => JSON.parse(bytes.toString()) };
  };
  return {
    call,
    ok: async (method, path, ...rest) => {
      const answer = await call(method, path, ...rest);
      if (answer.status >= 300) throw new Refused(`${method} ${path}: ${answer.status} ${answer.bytes}`);
      return answer;
    },
  };
}

/** The newest of a list, or all of it. */
export const newest = <T>(all: readonly T[], wanted: boolean, count = 30): readonly T[] =>
  wanted ? all : all.slice(-count);
