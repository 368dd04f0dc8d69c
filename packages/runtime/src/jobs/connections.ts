import { Redacted } from "@aloft/kit/redaction";
import { Redis, type RedisOptions } from "ioredis";
import { type OnJobEvent, QueueUnavailable } from "./types.ts";

export interface ConnectionsOptions {
  readonly url: string | Redacted<string>;
  /** At most this many connections from this program for the queue. 10 by default. */
  readonly max?: number;
  /** How often each connection is proved by a PING. 30 s by default. */
  readonly pingMs?: number;
  readonly onEvent?: OnJobEvent;
}

export interface Connections {
  /**
   * A connection of its own. `uses` is how many it comes to (a worker's library opens a second one for waiting). `patient`: its
   * commands wait for Redis without end, else they fail after `commandMs`.
   */
  take(options: { readonly uses: number; readonly patient: boolean; readonly commandMs?: number }): Redis;
  close(): void;
}

const tries = 10;
const firstDelayMs = 100;
const longestDelayMs = 3000;
const restMs = 15_000;

/**
 * The wait in ms before try number `attempt` (from 1) to connect again: ten tries with doubling waits, then a rest of 15 s and
 * ten more. It never gives up for good, as Redis may be away for an hour and the program is of no use without it.
 */
export function reconnectDelay(attempt: number): number {
  const inCycle = (attempt - 1) % (tries + 1);
  return inCycle === tries ? restMs : Math.min(longestDelayMs, firstDelayMs * 2 ** inCycle);
}

/** A bounded set of connections to one Redis, kept alive by TCP and proved by PING. */
export function createConnections(options: ConnectionsOptions): Connections {
  const url = revealed(options.url);
  const max = options.max ?? 10;
  const open = new Set<Redis>();
  let used = 0;
  const say = options.onEvent ?? (() => undefined);

  const ping = setInterval(() => {
    for (const redis of open) {
      if (redis.status === "ready") void proved(redis);
    }
  }, options.pingMs ?? 30_000);
  ping.unref();

  const proved = async (redis: Redis): Promise<void> => {
    try {
      await within(redis.ping(), 10_000, "PING");
    } catch (error) {
      say({ type: "error", message: "Redis does not answer a PING: connecting again", error });
      redis.disconnect(true);
    }
  };

  return {
    take: ({ uses, patient, commandMs }) => {
      if (used + uses > max) throw new QueueUnavailable(`all ${max} connections to Redis are in use`);
      used += uses;
      const redis = withoutFalseAlarm(
        new Redis(url, {
          keepAlive: 10_000,
          connectTimeout: 10_000,
          retryStrategy: reconnectDelay,
          maxRetriesPerRequest: patient ? null : 2,
          ...(patient || commandMs === undefined ? {} : { commandTimeout: commandMs }),
        }),
      );
      open.add(redis);
      redis.on("ready", () => say({ type: "connected", message: "connected to Redis" }));
      redis.on("close", () => say({ type: "disconnected", message: "the connection to Redis is closed" }));
      redis.on("error", (error: Error) => say({ type: "error", message: `Redis: ${reason(error)}`, error }));
      return redis;
    },
    close: () => {
      clearInterval(ping);
      for (const redis of open) redis.disconnect();
      open.clear();
      used = 0;
    },
  };
}

/**
 * BullMQ warns of every eviction policy but `noeviction`. Memorystore's own, `volatile-lru`, evicts only keys that have a time
 * to live, and jobs have none: it is shown to BullMQ as harmless as it is. The others are warned of.
 */
function withoutFalseAlarm(redis: Redis): Redis {
  const info = redis.info.bind(redis);
  const duplicate = redis.duplicate.bind(redis);
  return Object.assign(redis, {
    // With a callback it is ioredis's own look at whether Redis is ready.
    info: (callback?: Parameters<typeof info>[0]) =>
      callback === undefined
        ? info().then((text) => text.replace(/^maxmemory_policy:volatile-.*$/m, "maxmemory_policy:noeviction"))
        : info(callback),
    duplicate: (override?: Partial<RedisOptions>) => withoutFalseAlarm(duplicate(override)),
  });
}

/** Resolves when the connection can be used. Throws `QueueUnavailable` after `ms`. */
export async function untilReady(redis: Redis, ms: number): Promise<void> {
  if (redis.status === "ready") return;
  let done = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    done = resolve;
    redis.once("ready", done);
  });
  try {
    await within(ready, ms, "connecting");
  } finally {
    redis.off("ready", done);
  }
}

/** `work`, or `QueueUnavailable` when it takes longer than `ms`. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QueueUnavailable(`Redis did not answer in ${ms / 1000} s (${what})`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What an error of the network says in few words; it has several inside when a name has several addresses. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join(", ");
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\/\/[^/\s@]*@/g, "//***@");
}

function revealed(url: string | Redacted<string>): string {
  const text = url instanceof Redacted ? url.reveal() : url;
  if (!/^rediss?:\/\//.test(text)) throw new TypeError("the queue's url is not of the form redis://HOST:PORT/0");
  return text;
}
