import { create, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** A `google.protobuf.Timestamp` of microseconds since the epoch: the precision that Cloud Run's times have. */
export function timestamp(micros: number): Timestamp {
  return create(TimestampSchema, {
    seconds: BigInt(Math.floor(micros / 1_000_000)),
    nanos: (micros % 1_000_000) * 1000,
  });
}

/** Microseconds since the epoch; 0 for none. */
export function microsOf(time: MessageShape<typeof TimestampSchema> | undefined): number {
  return time === undefined ? 0 : Number(time.seconds) * 1_000_000 + Math.floor(time.nanos / 1000);
}

/** Instants that never repeat, so that two changes in one millisecond still have two etags. */
export function createStamps(now: () => number): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Math.floor(now() * 1000));
    return last;
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** As recorded: the update time as a Timestamp message and the name, each in base64, quotes included. */
export function etagOf(name: string, updated: Timestamp): string {
  return `"${base64(toBinary(TimestampSchema, updated))}/${base64(new TextEncoder().encode(name))}"`;
}

/** The update time that an etag of ours (or of Cloud Run's) holds, in microseconds; 0 when it holds none. */
export function etagMicros(etag: string): number {
  // The time's base64 may hold a slash; that of a name, which is plain ASCII, never does.
  const time = etag.replaceAll('"', "").replace(/\/[^/]*$/, "");
  try {
    return microsOf(fromBinary(TimestampSchema, Buffer.from(time, "base64")));
  } catch {
    return 0;
  }
}
