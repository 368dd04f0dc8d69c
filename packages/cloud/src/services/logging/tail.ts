import type { MovableClock } from "@aloft/kit/clock";
import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type {
  TailLogEntriesRequestSchema,
  TailLogEntriesResponseSchema,
} from "../../../gen/types/google/logging/v2/logging_pb.js";
import type { LogStore, StoredEntry } from "../../store/logs.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import type { Scope } from "./scopes.ts";
import type { EntryCodec } from "./store.ts";

type Request = MessageShape<typeof TailLogEntriesRequestSchema>;

const defaultWindowMs = 2000;
const mostAtOnce = 1000;

export interface TailParts {
  readonly clock: MovableClock;
  readonly codec: EntryCodec;
  readonly logs: LogStore;
  readonly signal: AbortSignal;
  /** What the caller may read of what is named; throws. */
  readonly scope: (resourceNames: readonly string[]) => Scope;
}

/**
 * Entries as they are written, held back for the buffer window so that they come in the order of their times. A later
 * request replaces what is followed.
 */
export async function* tail(
  first: Request,
  requests: AsyncIterable<Request>,
  parts: TailParts,
): AsyncGenerator<MessageInitShape<typeof TailLogEntriesResponseSchema>> {
  let wanted = follow(first, parts);
  const waiting: StoredEntry[] = [];
  let wake: () => void = () => undefined;
  const unsubscribe = parts.logs.subscribe((entry, buckets) => {
    if (buckets?.length === 0 || !wanted.keeps(entry, buckets)) return;
    waiting.push(entry);
    wake();
  });
  let failure: { readonly thrown: unknown } | undefined;
  const listen = async (): Promise<void> => {
    for await (const request of requests) wanted = follow(request, parts);
  };
  listen().catch((thrown: unknown) => {
    failure = { thrown };
    wake();
  });
  const stop = (): void => wake();
  parts.signal.addEventListener("abort", stop, { once: true });

  try {
    while (!parts.signal.aborted) {
      if (failure !== undefined) throw failure.thrown;
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (wanted.windowMs > 0) await parts.clock.sleep(wanted.windowMs, parts.signal);
      const entries = waiting.splice(0, mostAtOnce).sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
      yield { entries: entries.map(parts.codec.toMessage) };
    }
  } catch (thrown) {
    if (!parts.signal.aborted) throw thrown;
  } finally {
    unsubscribe();
    parts.signal.removeEventListener("abort", stop);
  }
}

function follow(request: Request, parts: TailParts) {
  const { holds } = parts.scope(request.resourceNames);
  const matches = compileQuery(parseQuery(request.filter));
  return {
    windowMs: request.bufferWindow === undefined ? defaultWindowMs : durationMs(request.bufferWindow),
    keeps: (entry: StoredEntry, buckets: readonly string[] | undefined): boolean =>
      holds(entry, buckets) && matches(entry),
  };
}
