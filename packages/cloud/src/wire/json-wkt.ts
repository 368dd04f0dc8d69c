/** The texts of protobuf's well-known types in JSON: times, durations, masks. */

export interface Seconds {
  readonly seconds: bigint;
  readonly nanos: number;
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const earliest = -62_135_596_800;
const latest = 253_402_300_799;

/** An RFC 3339 time, any offset; undefined when it is malformed, no real date, or outside the years 1 to 9999. */
export function parseTime(text: string): Seconds | undefined {
  const parts = timePattern.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  const offset = (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0)) * 60 * (parts[8] === "-" ? -1 : 1);
  const seconds = date.getTime() / 1000 - offset;
  if (!real || Number(parts[9] ?? 0) > 23 || Number(parts[10] ?? 0) > 59) return undefined;
  if (seconds < earliest || seconds > latest) return undefined;
  return { seconds: BigInt(seconds), nanos: Number((parts[7] ?? "").padEnd(9, "0")) };
}

/** `2026-01-02T03:04:05.123456Z`, with 0, 3, 6 or 9 digits of a fraction. Out of range is clamped: an answer never fails. */
export function formatTime(time: Seconds): string {
  const seconds = Math.min(latest, Math.max(earliest, Number(time.seconds)));
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(Math.max(0, time.nanos))}Z`;
}

const durationPattern = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/;
const longestSeconds = 315_576_000_000;

/** `3.5s`; undefined when it is malformed or longer than 10,000 years. */
export function parseDurationText(text: string): Seconds | undefined {
  const parts = durationPattern.exec(text);
  if (parts === null || Number(parts[2]) > longestSeconds) return undefined;
  const sign = parts[1] === "-" ? -1 : 1;
  const nanos = Number((parts[3] ?? "").padEnd(9, "0"));
  return { seconds: BigInt(parts[2] ?? "0") * BigInt(sign), nanos: nanos === 0 ? 0 : sign * nanos };
}

export function formatDurationText(duration: Seconds): string {
  const negative = duration.seconds < 0n || duration.nanos < 0;
  const whole = duration.seconds < 0n ? -duration.seconds : duration.seconds;
  return `${negative ? "-" : ""}${whole}${fraction(Math.abs(duration.nanos))}s`;
}

function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  return `.${digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}

/** `displayName,labels.team` → `["display_name", "labels.team"]`. Quoted map keys and keys in capitals stay as they are. */
export function parseMask(text: string): string[] {
  if (text === "") return [];
  return (text.match(/(?:`[^`]*`|\["[^"]*"\]|[^,])+/g) ?? [])
    .map((path) => path.trim())
    .filter((path) => path !== "")
    .map((path) =>
      path.replace(/`[^`]*`|\["[^"]*"\]|[a-z][A-Za-z0-9]*(?![\w-])/g, (part) =>
        part[0] === "`" || part[0] === "[" ? part : part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      ),
    );
}

/** The reverse. A path that would not come back the same is written as it is. */
export function formatMask(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const camel = path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return parseMask(camel)[0] === path ? camel : path;
    })
    .join(",");
}
