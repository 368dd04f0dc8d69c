import type { MessageShape } from "@bufbuild/protobuf";
import { OperationState as State } from "../../../gen/logging-v2.enums.ts";
import type { CopyLogEntriesRequestSchema } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { projectOf, type StoredEntry } from "../../store/logs.ts";
import { toProtoJson } from "../../wire/json.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { SchemaSet } from "../../wire/schemas.ts";
import { mustHold } from "../storage/access.ts";
import { storeReceived } from "../storage/insert.ts";
import { type Storage, storageOf } from "../storage/storage.ts";
import type { StoredBucket } from "../storage/store.ts";
import { forms, invalid, nameAs, projectNameOf } from "./config-names.ts";
import { type ConfigStore, numberedOperation } from "./config-store.ts";
import { copies, copySchemas } from "./copy-rpc.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import type { Routing } from "./routing.ts";
import { entryCodec, logStore } from "./store.ts";

const api = "logging.googleapis.com";
const retryMs = 10_000;
/** How long the writer may go without its permission, as the request's own comment says. */
const patienceMs = 3_600_000;
const hourMs = 3_600_000;

type Request = MessageShape<typeof CopyLogEntriesRequestSchema>;

/**
 * Begins to copy entries of a bucket to Cloud Storage, as Logging's own account: a file a log and hour, a line an entry.
 * Answers the operation as it is begun. Throws INVALID_ARGUMENT or NOT_FOUND for a destination that is none.
 */
export function copyEntries(host: Host, store: ConfigStore, routing: Routing, request: Request): Operation {
  const { operations, projects } = host;
  const { response, metadata } = copySchemas(host);
  const source = routing.buckets.get(nameAs(forms.bucket, request.name, projects)).name;
  const storage = storageOf(host);
  const bucket = bucketOf(storage, request.destination);
  const entries = entriesOf(host, routing, source, compileQuery(parseQuery(request.filter)));
  const number = projects.get(projectNameOf(source).slice("projects/".length))?.number ?? "";
  const email = `service-${number}@gcp-sa-logging.iam.gserviceaccount.com`;
  const writer: Principal = { kind: "serviceAccount", email };
  const begun = { startTime: store.now(), state: State.SCHEDULED, request, writerIdentity: `serviceAccount:${email}` };
  const handle = operations.start({
    api,
    parent: source.slice(0, source.indexOf("/buckets/")),
    target: source,
    response,
    metadata: { schema: metadata, value: begun },
  });
  const answer = numberedOperation(host, handle.name);

  const copy = async (): Promise<void> => {
    const may = (): void => mustHold(storage, { caller: writer }, bucket, "", "storage.objects.create", undefined);
    await granted(host, may, () => handle.metadata({ ...begun, state: State.WAITING_FOR_PERMISSIONS }));
    handle.metadata({ ...begun, state: State.RUNNING });
    const copied = await write(host, storage, bucket, writer, entries);
    handle.metadata({ ...begun, state: State.SUCCEEDED, progress: 100, endTime: store.now() });
    handle.succeed({ logEntriesCopiedCount: BigInt(copied) });
  };
  copy().catch((thrown: unknown) => {
    if (!host.db.sql.isOpen || copies(host).signal.aborted) return;
    handle.metadata({ ...begun, state: State.FAILED, endTime: store.now() });
    handle.fail(thrown);
  });
  return answer;
}

/** Resolves when it may; rejects with what was in the way when that has been so for too long, or the cloud ends. */
async function granted(host: Host, may: () => void, waiting: () => void): Promise<void> {
  const { clock } = host;
  const until = clock.now() + patienceMs;
  for (;;) {
    try {
      return may();
    } catch (thrown) {
      if (clock.now() >= until) throw thrown;
      waiting();
      await clock.sleep(retryMs, copies(host).signal);
    }
  }
}

function bucketOf(storage: Storage, destination: Request["destination"]): StoredBucket {
  const [, name] = /^storage\.googleapis\.com\/([^/]+)$/.exec(destination) ?? [];
  if (name === undefined) {
    throw invalid(`The destination "${destination}" is invalid: it must be storage.googleapis.com/BUCKET.`);
  }
  const bucket = storage.store.bucket(name);
  if (bucket === undefined) throw new RpcError("NOT_FOUND", `The destination bucket ${name} does not exist.`);
  return bucket;
}

/** What a bucket holds that the filter takes, the oldest first. */
function* entriesOf(
  host: Host,
  routing: Routing,
  source: string,
  matches: (entry: StoredEntry) => boolean,
): Generator<StoredEntry> {
  const all = host.projects.list().map(({ id }) => id);
  for (const { entry, buckets } of logStore(host).query({ projects: all })) {
    if (!routing.holding(entry, buckets).includes(source) || !matches(entry)) continue;
    if (routing.keeps(source, Date.parse(entry.timestamp))) yield entry;
  }
}

async function write(
  host: Host,
  storage: Storage,
  bucket: StoredBucket,
  caller: Principal,
  entries: Iterable<StoredEntry>,
): Promise<number> {
  const codec = entryCodec(host);
  const schemas = host.schemas as SchemaSet;
  const schema = schemas.message("google.logging.v2.LogEntry");
  let hour = Number.NaN;
  let copied = 0;
  let files = new Map<string, string[]>();
  const flush = async (): Promise<void> => {
    for (const [name, lines] of files) {
      const received = await storage.content.receive(chunks(lines));
      const given = { name, contentType: "application/json" };
      await storeReceived(storage, bucket, { query: new URLSearchParams(), headers: {} }, { caller }, given, received);
    }
    files = new Map();
  };
  for (const entry of entries) {
    const ms = Date.parse(entry.timestamp);
    if (Math.floor(ms / hourMs) !== hour) {
      await flush();
      hour = Math.floor(ms / hourMs);
    }
    const name = fileOf(entry, hour);
    const lines = files.get(name) ?? [];
    files.set(name, lines);
    lines.push(`${JSON.stringify(toProtoJson(schemas, schema, codec.toMessage(entry)))}\n`);
    copied++;
  }
  await flush();
  return copied;
}

/** `run.googleapis.com/stdout/2026/03/01/12:00:00_12:59:59_S0.json`, as Google names the files of exported logs. */
function fileOf({ logName }: StoredEntry, hour: number): string {
  const log = decodeURIComponent(logName.slice(`projects/${projectOf(logName)}/logs/`.length));
  const [day = "", time = ""] = new Date(hour * hourMs).toISOString().split("T");
  const from = time.slice(0, 2);
  return `${log}/${day.replaceAll("-", "/")}/${from}:00:00_${from}:59:59_S0.json`;
}

async function* chunks(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(line);
}
