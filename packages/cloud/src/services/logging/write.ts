import type { MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { LogEntry as LogEntryMessage } from "../../../gen/types/google/logging/v2/log_entry_pb.js";
import type { WriteLogEntriesRequestSchema } from "../../../gen/types/google/logging/v2/logging_pb.js";
import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { type CodeName, codes, RpcError } from "../../wire/rpc-error.ts";
import { projectOfLog, refusal } from "./rules.ts";
import { type EntryCodec, logStore } from "./store.ts";

/** Writes a request's entries, all or (with `partialSuccess`) those that are fine. What is answered is stored. */
export function writeEntries(
  host: Host,
  codec: EntryCodec,
  request: MessageShape<typeof WriteLogEntriesRequestSchema>,
  caller: Principal,
): Record<string, never> {
  const logs = logStore(host);
  const nowMs = host.clock.now();
  const good: Parameters<typeof logs.writeExact>[0][] = [];
  const errors: Record<number, { readonly code: CodeName; readonly message: string }> = {};
  const mayWrite = new Map<string, boolean>();

  request.entries.forEach((entry, i) => {
    try {
      const whole = merged(entry, request);
      const named = projectOfLog(whole.logName);
      const project = host.projects.get(named)?.id ?? named;
      const resource = `logging.googleapis.com/projects/${project}`;
      if (!mayWrite.has(project)) {
        mayWrite.set(project, host.iam.allowed(caller, "logging.logEntries.create", resource));
      }
      if (!mayWrite.get(project)) host.iam.require(caller, ["logging.logEntries.create"], resource);
      if (whole.resource === undefined) {
        throw new RpcError(
          "INVALID_ARGUMENT",
          "A monitored resource must be specified for each log entry, or for the request.",
        );
      }
      const json = codec.toStored(whole);
      // As Cloud Logging fills it in: every resource is some project's.
      const { type, labels } = json.resource;
      const stored = {
        ...json,
        resource: { type, labels: { project_id: project, ...labels } },
        logName: host.projects.canonical(whole.logName),
      };
      const timeMs = entry.timestamp === undefined ? undefined : timestampMs(entry.timestamp);
      const why = refusal({ bytes: Buffer.byteLength(JSON.stringify(stored)), timeMs, nowMs });
      if (why !== undefined) throw new RpcError("INVALID_ARGUMENT", why);
      good.push(stored);
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown;
      errors[i] = { code: thrown.code, message: thrown.message };
    }
  });

  const failed = Object.values(errors)[0];
  if (!request.dryRun && (failed === undefined || request.partialSuccess)) {
    for (const entry of good) logs.writeExact(entry);
    logs.flush();
  }
  if (failed === undefined) return {};
  throw new RpcError(failed.code, failed.message, [
    {
      "@type": "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors",
      logEntryErrors: Object.fromEntries(
        Object.entries(errors).map(([i, { code, message }]) => [i, { code: codes[code].number, message }]),
      ),
    },
  ]);
}

/** An entry with what the request says for all: its own counts first. */
function merged(entry: LogEntryMessage, request: MessageShape<typeof WriteLogEntriesRequestSchema>): LogEntryMessage {
  const resource = entry.resource ?? request.resource;
  return {
    ...entry,
    logName: entry.logName === "" ? request.logName : entry.logName,
    labels: { ...request.labels, ...entry.labels },
    ...(resource === undefined ? {} : { resource }),
  };
}
