import type { Message, MessageShape } from "@bufbuild/protobuf";
import type { LogEntry as LogEntryMessage, LogEntrySchema } from "../../../gen/types/google/logging/v2/log_entry_pb.js";
import type { Host, LogEntry } from "../../host.ts";
import type { JsonObject } from "../../service.ts";
import type { LogStore, StoredEntry } from "../../store/logs.ts";
import { fromProtoJson, toProtoJson } from "../../wire/json.ts";
import type { JsonIn } from "../../wire/json-text.ts";
import type { SchemaSet } from "../../wire/schemas.ts";

const entryType = "google.logging.v2.LogEntry";

/** The cloud's own log store, with what this service asks of it. */
export function logStore(host: Host): LogStore {
  if (!("query" in host.logs)) throw new TypeError("These Logs were not made by createLogs.");
  return host.logs as LogStore;
}

/** Entries between their message and the JSON that is stored. */
export interface EntryCodec {
  toStored(message: LogEntryMessage): LogEntry & { readonly timestamp?: string; readonly extra?: JsonObject };
  toMessage(entry: StoredEntry): LogEntryMessage;
}

export function entryCodec(host: Host): EntryCodec {
  const schemas = host.schemas as SchemaSet;
  const schema = schemas.message<typeof LogEntrySchema>(entryType);
  const read = (json: unknown): LogEntryMessage =>
    fromProtoJson(schemas, schema, json as JsonIn) as Message as MessageShape<typeof LogEntrySchema>;
  return {
    toStored: (message) => {
      const json = toProtoJson(schemas, schema, message) as unknown as LogEntry & {
        readonly timestamp?: string;
        readonly receiveTimestamp?: string;
      };
      const { receiveTimestamp: _, ...rest } = json;
      return rest;
    },
    toMessage: (entry) => {
      try {
        return read(entry);
      } catch {
        // A payload of a type that is not known here is shown as plain JSON rather than lost; so is a request as no
        // HttpRequest is, which a program wrote.
        const { protoPayload, httpRequest, textPayload, ...rest } = entry;
        if (protoPayload !== undefined) return read({ ...rest, jsonPayload: protoPayload });
        const message = textPayload === undefined ? {} : { message: textPayload };
        const jsonPayload = { ...(rest.jsonPayload as JsonObject | undefined), ...message, httpRequest };
        return read({ ...rest, jsonPayload });
      }
    },
  };
}
