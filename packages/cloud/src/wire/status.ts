import { type Message, toBinary } from "@bufbuild/protobuf";
import type { Json } from "../service.ts";
import { fromProtoJson } from "./json.ts";
import { codes, type ErrorDetail, RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";

/** What was thrown as what goes over the wire. A bug is INTERNAL without a word of it; `onBug` gets it whole. */
export function asRpcError(thrown: unknown, onBug: (thrown: unknown) => void): RpcError {
  if (thrown instanceof RpcError) return thrown;
  if (isClientGone(thrown)) return new RpcError("CANCELLED", "The client went away.");
  onBug(thrown);
  return new RpcError("INTERNAL", "Internal error encountered.");
}

/** What Node throws at the reader of a request whose connection broke off. */
function isClientGone(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === "aborted" && "code" in thrown && thrown.code === "ECONNRESET";
}

/** `{"error":{"code","message","status","details"}}` */
export function errorBody(error: RpcError): Json {
  return {
    error: {
      code: codes[error.code].http,
      message: error.message,
      status: error.code,
      ...(error.details.length === 0 ? {} : { details: error.details }),
    },
  };
}

/** The error as a `google.rpc.Status` message. Details of a type that is not known are left out. */
export function statusMessage(schemas: SchemaSet, error: RpcError): Message {
  const schema = schemas.message("google.rpc.Status");
  const base = { code: codes[error.code].number, message: error.message };
  const details = error.details.filter((detail) => packs(schemas, detail));
  return fromProtoJson(schemas, schema, { ...base, details } as never);
}

function packs(schemas: SchemaSet, detail: ErrorDetail): boolean {
  try {
    fromProtoJson(schemas, schemas.message("google.protobuf.Any"), detail as never);
    return true;
  } catch {
    return false;
  }
}

/** The bytes of `grpc-status-details-bin`; undefined for an error without details. */
export function statusBytes(schemas: SchemaSet, error: RpcError): Uint8Array | undefined {
  if (error.details.length === 0) return undefined;
  schemas.message("google.rpc.ErrorInfo");
  return toBinary(schemas.message("google.rpc.Status"), statusMessage(schemas, error));
}
