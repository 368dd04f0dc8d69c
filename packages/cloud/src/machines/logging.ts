import type { LogEntry, Logs } from "../host.ts";
import type { JsonObject } from "../service.ts";
import type { RevisionSpec } from "./machines.ts";

/** Longest line that becomes one entry, as Cloud Logging's limit of an entry: 256 KiB. */
const maxLineBytes = 256 * 1024;

const severities = new Set([
  "DEFAULT",
  "DEBUG",
  "INFO",
  "NOTICE",
  "WARNING",
  "ERROR",
  "CRITICAL",
  "ALERT",
  "EMERGENCY",
]);

/** Words that logging libraries use, and what Cloud Logging makes of them. */
const synonyms: Readonly<Record<string, string>> = {
  TRACE: "DEBUG",
  WARN: "WARNING",
  ERR: "ERROR",
  FATAL: "CRITICAL",
  CRIT: "CRITICAL",
  EMERG: "EMERGENCY",
};

/** What one revision writes to Logging. */
export interface RevisionLog {
  /** A line of a program's output. */
  line(stream: "stdout" | "stderr", text: string, instance: string, container: string): void;
  /** What Cloud Run itself has to say. */
  system(severity: "INFO" | "WARNING" | "ERROR", text: string, instance?: string): void;
  request(request: RequestLog): void;
}

export interface RequestLog {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly latencyMs: number;
  readonly userAgent: string | undefined;
  readonly referer: string | undefined;
  readonly remoteIp: string;
  readonly protocol: string;
  readonly trace: string;
  readonly spanId: string;
  readonly instance?: string | undefined;
  /** Cloud Run's own explanation, where it answered in the program's place. */
  readonly text?: string | undefined;
}

/** The monitored resource that a revision's logs and figures are of. */
export function resourceOf(spec: Pick<RevisionSpec, "project" | "service" | "revision" | "region" | "kind">) {
  const place = { project_id: spec.project, location: spec.region, revision_name: spec.revision };
  return spec.kind === "workerPool"
    ? { type: "cloud_run_worker_pool", labels: { ...place, worker_pool_name: spec.service } }
    : {
        type: "cloud_run_revision",
        labels: { ...place, service_name: spec.service, configuration_name: spec.service },
      };
}

export function revisionLog(
  spec: Pick<RevisionSpec, "project" | "service" | "revision" | "region" | "kind">,
  logs: Pick<Logs, "write">,
): RevisionLog {
  const resource = resourceOf(spec);
  const write = (log: string, entry: Omit<LogEntry, "logName" | "resource">): void =>
    logs.write({ logName: `projects/${spec.project}/logs/run.googleapis.com%2F${log}`, resource, ...entry });
  const labels = (instance: string | undefined, container?: string): { readonly labels?: Record<string, string> } =>
    instance === undefined
      ? {}
      : { labels: { instanceId: instance, ...(container === undefined ? {} : { container_name: container }) } };

  return {
    line: (stream, text, instance, container) => {
      const entry = entryOf(text, spec.project);
      write(stream, { ...entry, labels: { ...labels(instance, container).labels, ...entry.labels } });
    },
    system: (severity, text, instance) =>
      write("varlog%2Fsystem", { severity, textPayload: text, ...labels(instance) }),
    request: (r) =>
      write("requests", {
        severity: r.status >= 500 ? "ERROR" : r.status >= 400 ? "WARNING" : "INFO",
        trace: `projects/${spec.project}/traces/${r.trace}`,
        spanId: r.spanId,
        ...labels(r.instance),
        ...(r.text === undefined ? {} : { textPayload: r.text }),
        httpRequest: {
          requestMethod: r.method,
          requestUrl: r.url,
          requestSize: String(r.requestBytes),
          status: r.status,
          responseSize: String(r.responseBytes),
          ...(r.userAgent === undefined ? {} : { userAgent: r.userAgent }),
          ...(r.referer === undefined ? {} : { referer: r.referer }),
          remoteIp: r.remoteIp,
          latency: `${(r.latencyMs / 1000).toFixed(9)}s`,
          protocol: r.protocol,
        },
      }),
  };
}

/**
 * An entry of a line: a JSON object's known fields go where Cloud Logging puts them, the rest is its payload. See
 * https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
 */
export function entryOf(text: string, project: string): Omit<LogEntry, "logName" | "resource"> {
  const json = parse(text);
  if (json === undefined) return { textPayload: text };
  const {
    severity,
    httpRequest,
    "logging.googleapis.com/trace": trace,
    "logging.googleapis.com/spanId": spanId,
    "logging.googleapis.com/labels": labels,
    "logging.googleapis.com/insertId": insertId,
    "logging.googleapis.com/trace_sampled": sampled,
    "logging.googleapis.com/operation": operation,
    "logging.googleapis.com/sourceLocation": sourceLocation,
    ...others
  } = json;
  const { timeMs, rest } = timed(others);
  const level = typeof severity === "string" ? severity.toUpperCase() : undefined;
  const known = level === undefined ? undefined : severities.has(level) ? level : synonyms[level];
  const keys = Object.keys(rest);
  return {
    ...(known === undefined ? {} : { severity: known }),
    ...(timeMs === undefined ? {} : { timeMs }),
    ...(object(httpRequest) ? { httpRequest } : {}),
    ...(typeof trace === "string"
      ? { trace: trace.includes("/") ? trace : `projects/${project}/traces/${trace}` }
      : {}),
    ...(typeof spanId === "string" ? { spanId } : {}),
    ...(typeof sampled === "boolean" ? { traceSampled: sampled } : {}),
    ...(typeof insertId === "string" ? { insertId } : {}),
    ...(object(labels) ? { labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, String(v)])) } : {}),
    ...(isOf(operation, { id: "string", producer: "string", first: "boolean", last: "boolean" }) ? { operation } : {}),
    ...(isOf(sourceLocation, { file: "string", line: "number", function: "string" }) ? { sourceLocation } : {}),
    ...(keys.length === 1 && typeof rest.message === "string" ? { textPayload: rest.message } : { jsonPayload: rest }),
  };
}

/** When the program says that it was: `time`, `timestamp: { seconds, nanos }`, or `timestampSeconds` and `timestampNanos`. */
function timed(json: JsonObject): { readonly timeMs?: number; readonly rest: JsonObject } {
  const { time, timestamp, timestampSeconds, timestampNanos } = json;
  const ms = (seconds: unknown, nanos: unknown): number =>
    Number(seconds ?? Number.NaN) * 1000 + Number(nanos ?? 0) / 1e6;
  const told: readonly (readonly [timeMs: number, fields: readonly string[]])[] = [
    [object(timestamp) ? ms(timestamp.seconds, timestamp.nanos) : Number.NaN, ["timestamp"]],
    [ms(timestampSeconds, timestampNanos), ["timestampSeconds", "timestampNanos"]],
    [typeof time === "string" && /^\d{4}-\d\d-\d\dT/.test(time) ? Date.parse(time) : Number.NaN, ["time"]],
  ];
  const found = told.find(([timeMs]) => timeMs >= 0 && timeMs < latestMs);
  if (found === undefined) return { rest: json };
  const rest = Object.entries(json).filter(([name]) => !found[1].includes(name));
  return { timeMs: found[0], rest: Object.fromEntries(rest) };
}

/** The end of the year 9999: no timestamp is later. */
const latestMs = 253_402_300_800_000;

/** Whether it is an object with such fields, or fewer, and no others. */
function isOf(value: unknown, fields: Readonly<Record<string, string>>): value is JsonObject {
  return object(value) && Object.entries(value).every(([name, each]) => typeof each === fields[name]);
}

function parse(text: string): JsonObject | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return object(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const object = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Calls `line` for each line of the stream, without its end; a line that is too long comes in parts. */
export function splitLines(stream: NodeJS.ReadableStream, line: (text: string) => void): void {
  const decoder = new TextDecoder();
  let rest = "";
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const text of lines) if (text !== "") line(text);
    for (; rest.length > maxLineBytes; rest = rest.slice(maxLineBytes)) line(rest.slice(0, maxLineBytes));
  });
  stream.on("end", () => {
    if (rest !== "") line(rest);
    rest = "";
  });
}
