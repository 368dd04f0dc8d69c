import { RpcError } from "../../wire/rpc-error.ts";

const daysMs = 24 * 3_600_000;
const largestEntry = 256 * 1024;

/** Project of `projects/p/logs/ID`. Throws INVALID_ARGUMENT in Google's words. */
export function projectOfLog(logName: string): string {
  if (logName === "") {
    throw new RpcError("INVALID_ARGUMENT", "A log name must be specified for each log entry, or for the request.");
  }
  const [, project, id] = /^projects\/([^/]+)\/logs\/(.+)$/.exec(logName) ?? [];
  if (project === undefined || id === undefined) {
    throw new RpcError("INVALID_ARGUMENT", `The log name "${logName}" must look like projects/PROJECT/logs/LOG_ID.`);
  }
  if (id.includes("/") || !/^[\w./%-]{1,511}$/.test(id)) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `Log name contains illegal characters: it must be URL-encoded: "${logName}".`,
    );
  }
  return project;
}

/** Which way a list goes. Throws INVALID_ARGUMENT for another order than by time. */
export function newestFirst(orderBy: string): boolean {
  const order = /^(timestamp(?:\s+(asc|desc))?)?$/.exec(orderBy.trim());
  if (order === null) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `Invalid order_by "${orderBy}". It must be "timestamp asc" or "timestamp desc".`,
    );
  }
  return order[2] === "desc";
}

/** Whether only who may see private logs may read this one: Data Access audit entries. */
export function isPrivate(logName: string): boolean {
  return /\/logs\/cloudaudit\.googleapis\.com%2F(data_access|access_transparency)$/.test(logName);
}

/** Why an entry is refused; undefined when it is fine. */
export function refusal(entry: {
  readonly bytes: number;
  readonly timeMs: number | undefined;
  readonly nowMs: number;
}): string | undefined {
  const { bytes, timeMs, nowMs } = entry;
  if (bytes > largestEntry) return `Log entry with size ${bytes} bytes exceeds maximum size of ${largestEntry} bytes`;
  if (timeMs === undefined) return undefined;
  if (timeMs < nowMs - 30 * daysMs) return "Log entry timestamp is more than 30 days in the past";
  if (timeMs > nowMs + daysMs) return "Log entry timestamp is more than 24 hours in the future";
  return undefined;
}
