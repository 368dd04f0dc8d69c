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
import type { EntryCodec } from "./store.ts";

type Request = MessageShape<typeof TailLogEntriesRequestSchema>;

const defaultWindowMs = 2000;
const mostAtOnce = 1000;

export interface TailParts {
  readonly clock: MovableClock;
  readonly codec: EntryCodec;
  readonly logs: LogStore;
  readonly signal: AbortSignal;
  readonly projectsOf: (resourceNames: readonly string[]) => readonly string[];
  readonly readable: (projects: readonly string[]) => (logName: string) => boolean;
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
  const unsubscribe = parts.logs.subscribe((entry) => {
    if (!wanted.keeps(entry)) return;
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
  const projects = parts.projectsOf(request.resourceNames);
  const matches = compileQuery(parseQuery(request.filter));
  const mayRead = parts.readable(projects);
  const within = new Set(projects);
  return {
    windowMs: request.bufferWindow === undefined ? defaultWindowMs : durationMs(request.bufferWindow),
    keeps: (entry: StoredEntry): boolean =>
      within.has(entry.logName.split("/")[1] ?? "") && mayRead(entry.logName) && matches(entry),
  };
}
