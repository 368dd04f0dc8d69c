import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import { create, type DescMessage, type Message, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Operation } from "../../gen/types/google/longrunning/operations_pb.js";
import type { Database, OperationHandle, OperationStart, Operations } from "../host.ts";
import { RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";
import { asRpcError, statusMessage } from "./status.ts";

export interface OperationRow {
  readonly seq: number;
  readonly name: string;
  readonly api: string;
  readonly target: string;
  readonly done: boolean;
}

/** `Operations` with what the `google.longrunning.Operations` service reads. */
export interface OperationStore extends Operations {
  find(name: string): OperationRow | undefined;
  /** Operations of an API under a parent, newest first, older than `before` (a `seq`) when given. */
  list(api: string, parent: string, before?: number): Iterable<OperationRow>;
  remove(name: string): void;
}

const keptMs = 30 * 24 * 3_600_000;
const columns = "seq, name, api, target, done, metadata_type, metadata, response_type, response, error";

/** Long-running operations, each stored as it changes, so that a restart finds them as they were. */
export function createOperations(parts: {
  readonly db: Database;
  readonly schemas: SchemaSet;
  readonly clock: MovableClock;
  readonly ids: Ids;
  /** Told what is thrown into an operation that is no `RpcError`. */
  readonly onBug?: (thrown: unknown) => void;
}): OperationStore {
  const { db, schemas, clock, ids, onBug = () => undefined } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS operations (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, api TEXT NOT NULL, parent TEXT NOT NULL,
      target TEXT NOT NULL, created_ms INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0,
      metadata_type TEXT, metadata BLOB, response_type TEXT NOT NULL, response BLOB, error BLOB
    );
    CREATE INDEX IF NOT EXISTS operations_by_parent ON operations (api, parent, seq);
    CREATE INDEX IF NOT EXISTS operations_unfinished ON operations (api, seq) WHERE done = 0;
  `);
  db.prepare("DELETE FROM operations WHERE done = 1 AND created_ms < ?").run(clock.now() - keptMs);
  const waiting = new Map<string, Set<() => void>>();

  const row = (name: string): Record<string, unknown> | undefined =>
    db.prepare(`SELECT ${columns} FROM operations WHERE name = ?`).get(name);

  const finish = (name: string, column: "response" | "error", bytes: Uint8Array): void => {
    const { changes } = db
      .prepare(`UPDATE operations SET done = 1, ${column} = ? WHERE name = ? AND done = 0`)
      .run(bytes, name);
    if (changes === 0) return;
    for (const tell of waiting.get(name) ?? []) tell();
    waiting.delete(name);
  };

  const handle = <R extends DescMessage, M extends DescMessage>(
    name: string,
    response: R,
    metadata: M | undefined,
  ): OperationHandle<R, M> => ({
    name,
    metadata: (value) => {
      if (metadata === undefined) throw new Error(`${name} was started without metadata`);
      db.prepare("UPDATE operations SET metadata = ? WHERE name = ?").run(encode(metadata, value), name);
    },
    succeed: (value) => finish(name, "response", encode(response, value)),
    fail: (error) => {
      const status = statusMessage(schemas, asRpcError(error, onBug));
      finish(name, "error", toBinary(schemas.message("google.rpc.Status"), status));
    },
  });

  const start = <R extends DescMessage, M extends DescMessage>(init: OperationStart<R, M>): OperationHandle<R, M> => {
    const name = `${init.parent === "" ? "" : `${init.parent}/`}operations/${init.id ?? ids.uuid()}`;
    db.prepare(
      `INSERT INTO operations (name, api, parent, target, created_ms, metadata_type, metadata, response_type)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      name,
      init.api,
      init.parent,
      init.target,
      clock.now(),
      init.metadata?.schema.typeName ?? null,
      init.metadata === undefined ? null : encode(init.metadata.schema, init.metadata.value),
      init.response.typeName,
    );
    return handle(name, init.response, init.metadata?.schema);
  };

  return {
    start,
    pending: (name, response, metadata) => (row(name)?.done === 0 ? handle(name, response, metadata) : undefined),
    unfinished: (api) =>
      db
        .prepare("SELECT name, target FROM operations WHERE api = ? AND done = 0 ORDER BY seq")
        .all(api)
        .map((each) => ({ name: String(each.name), target: String(each.target) })),
    message: (name) => {
      const found = row(name);
      if (found === undefined) throw notFound(name);
      return operationMessage(schemas, found);
    },
    done: (name, signal) =>
      new Promise((resolve) => {
        const found = row(name);
        if (found === undefined || found.done === 1 || signal?.aborted) return resolve();
        const tellers = waiting.get(name) ?? new Set();
        waiting.set(name, tellers.add(resolve));
        const stop = (): void => {
          tellers.delete(resolve);
          resolve();
        };
        signal?.addEventListener("abort", stop, { once: true });
      }),
    find: (name) => {
      const found = row(name);
      return found === undefined ? undefined : summary(found);
    },
    *list(api, parent, before = Number.MAX_SAFE_INTEGER) {
      const query = `SELECT ${columns} FROM operations WHERE api = ? AND parent = ? AND seq < ? ORDER BY seq DESC`;
      for (const each of db.prepare(query).all(api, parent, before)) yield summary(each);
    },
    remove: (name) => {
      db.prepare("DELETE FROM operations WHERE name = ?").run(name);
    },
  };
}

export function notFound(name: string): RpcError {
  return new RpcError("NOT_FOUND", `Resource '${name}' was not found`);
}

function encode<S extends DescMessage>(schema: S, value: MessageInitShape<S>): Uint8Array {
  return toBinary(schema, create(schema, value));
}

function summary(row: Record<string, unknown>): OperationRow {
  return {
    seq: Number(row.seq),
    name: String(row.name),
    api: String(row.api),
    target: String(row.target),
    done: row.done === 1,
  };
}

function operationMessage(schemas: SchemaSet, row: Record<string, unknown>): Message {
  const schema = schemas.message("google.longrunning.Operation");
  const any = (type: unknown, value: unknown): { typeUrl: string; value: Uint8Array } => ({
    typeUrl: `type.googleapis.com/${String(type)}`,
    value: new Uint8Array(value as Uint8Array),
  });
  const { error, response } = row;
  const init: Omit<Partial<Operation>, "metadata" | "result"> & Record<string, unknown> = {
    name: String(row.name),
    done: row.done === 1,
  };
  if (row.metadata instanceof Uint8Array) init.metadata = any(row.metadata_type, row.metadata);
  if (error instanceof Uint8Array) {
    init.result = { case: "error", value: schemas.decode(schemas.message("google.rpc.Status"), error) };
  } else if (response instanceof Uint8Array) {
    init.result = { case: "response", value: any(row.response_type, response) };
  }
  return create(schema, init);
}
