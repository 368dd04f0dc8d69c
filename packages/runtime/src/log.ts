/** Cloud Logging's severities, as it reads them from a JSON line (LogSeverity). */
export type Severity = "DEBUG" | "INFO" | "NOTICE" | "WARNING" | "ERROR" | "CRITICAL";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  notice(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every line has these fields. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Lines below it are left out. `INFO` by default. */
  readonly level?: Severity;
  readonly fields?: LogFields;
  /** Takes each finished line. Standard output by default. */
  readonly write?: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const ranks = { DEBUG: 100, INFO: 200, NOTICE: 300, WARNING: 400, ERROR: 500, CRITICAL: 600 } as const;

/**
 * Writes one JSON object a line, with the `severity`, `message` and `time` that Cloud Logging knows. Errors become their message
 * and stack; `Redacted` values print as `***`. Nothing that is logged makes it throw.
 */
export function createLog(options: LogOptions = {}): Log {
  const write = options.write ?? ((line: string) => process.stdout.write(`${line}\n`));
  const now = options.now ?? Date.now;
  const least = ranks[options.level ?? "INFO"];

  const say = (severity: Severity, message: string, fields: LogFields = {}): void => {
    if (ranks[severity] < least) return;
    write(line({ ...options.fields, ...fields, severity, message, time: new Date(now()).toISOString() }));
  };

  return {
    debug: (message, fields) => say("DEBUG", message, fields),
    info: (message, fields) => say("INFO", message, fields),
    notice: (message, fields) => say("NOTICE", message, fields),
    warning: (message, fields) => say("WARNING", message, fields),
    error: (message, fields) => say("ERROR", message, fields),
    with: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

function line(entry: LogFields): string {
  try {
    return JSON.stringify(entry, plain);
  } catch {
    const { severity, message, time } = entry;
    return JSON.stringify({ severity, message, time, note: "its fields cannot be written as JSON" });
  }
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return typeof value === "bigint" ? String(value) : value;
}
