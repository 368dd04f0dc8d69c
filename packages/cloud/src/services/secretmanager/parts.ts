import type {
  SecretSchema,
  SecretVersionSchema,
} from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import type { Host } from "../../host.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { type SecretName, secretNameOf } from "./rules.ts";
import { createStore, type Store } from "./store.ts";

export const api = "secretmanager.googleapis.com";

/** What the handlers of Secret Manager work with. */
export interface SecretParts {
  readonly host: Host;
  readonly store: Store;
  readonly secretSchema: typeof SecretSchema;
  readonly versionSchema: typeof SecretVersionSchema;
  /** A secret's two names: by project id, as it is stored, and by project number, as Google answers. */
  readonly names: (at: SecretName) => { readonly stored: string; readonly shown: string };
  /** `projects/ID/…` as `projects/NUMBER/…`. */
  readonly shown: (name: string) => string;
  /** The microsecond for a change now: later than `previous`, so that no two etags of a resource are the same. */
  readonly stamp: (previous?: number) => number;
}

export function createParts(host: Host): SecretParts {
  const { schemas, projects, clock } = host;
  const secretSchema = schemas.message<typeof SecretSchema>("google.cloud.secretmanager.v1.Secret");
  const versionSchema = schemas.message<typeof SecretVersionSchema>("google.cloud.secretmanager.v1.SecretVersion");
  const projectOf = (idOrNumber: string) => {
    const project = projects.get(idOrNumber);
    if (project === undefined) throw new RpcError("NOT_FOUND", `Project [${idOrNumber}] not found.`);
    return project;
  };
  return {
    host,
    secretSchema,
    versionSchema,
    store: createStore(host.db, {
      secret: {
        encode: (message) => schemas.encode(secretSchema, message),
        decode: (bytes) => schemas.decode(secretSchema, bytes),
      },
      version: {
        encode: (message) => schemas.encode(versionSchema, message),
        decode: (bytes) => schemas.decode(versionSchema, bytes),
      },
    }),
    names: (at) => {
      const { id, number } = projectOf(at.project);
      return { stored: secretNameOf(at, id), shown: secretNameOf(at, number) };
    },
    shown: (name) => {
      const [kind, project = "", ...rest] = name.split("/");
      return [kind, projectOf(project).number, ...rest].join("/");
    },
    stamp: (previous = 0) => Math.max(Math.floor(clock.now() * 1000), previous + 1),
  };
}

/** Microseconds since the epoch as a timestamp. */
export function timestampOf(micros: number): { readonly seconds: bigint; readonly nanos: number } {
  const seconds = Math.floor(micros / 1_000_000);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1000 };
}
