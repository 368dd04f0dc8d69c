import { ProtectionLevel, CryptoKeyVersion_CryptoKeyVersionState as State } from "../../../gen/cloudkms-v1.enums.ts";
import type {
  CryptoKey,
  CryptoKeySchema,
  CryptoKeyVersion,
  CryptoKeyVersionSchema,
  KeyRingSchema,
} from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { Host } from "../../host.ts";
import type { Due } from "../../store/due.ts";
import { type Purpose, purposeName } from "./algorithms.ts";
import { createKmsDue } from "./due.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { notEnabled, notFound, precondition, requireName, splitVersion } from "./rules.ts";
import { createStore, type KeyedVersion, type Store } from "./store.ts";

/** What the handlers of Cloud KMS work with. Names that come in may bear the project's number; `stored` has its id. */
export interface KmsParts {
  readonly host: Host;
  readonly store: Store;
  readonly due: Due;
  readonly jobs: Jobs;
  readonly ringSchema: typeof KeyRingSchema;
  readonly keySchema: typeof CryptoKeySchema;
  readonly versionSchema: typeof CryptoKeyVersionSchema;
}

export function createParts(host: Host): KmsParts {
  const { schemas } = host;
  const ringSchema = schemas.message<typeof KeyRingSchema>("google.cloud.kms.v1.KeyRing");
  const keySchema = schemas.message<typeof CryptoKeySchema>("google.cloud.kms.v1.CryptoKey");
  const versionSchema = schemas.message<typeof CryptoKeyVersionSchema>("google.cloud.kms.v1.CryptoKeyVersion");
  const store = createStore(host.db, schemas, {
    ring: ringSchema,
    key: keySchema,
    version: {
      encode: (message) => schemas.encode(versionSchema, message),
      decode: (bytes) => schemas.decode(versionSchema, bytes),
    },
  });
  const rest = { host, store, jobs: createJobs(host), ringSchema, keySchema, versionSchema };
  return { ...rest, due: createKmsDue(rest) };
}

const states = new Map<number, string>(Object.entries(State).map(([name, number]) => [number, name]));
export const stateName = (version: CryptoKeyVersion): string => states.get(version.state) ?? String(version.state);

/** A key by a name that came in. Throws NOT_FOUND; what has fallen due is done first. */
export function findKey(parts: KmsParts, given: string): CryptoKey {
  requireName("CryptoKey", given);
  parts.due.settle();
  const key = parts.store.keys.get(parts.host.projects.canonical(given));
  if (key === undefined) throw notFound("CryptoKey", given);
  return key;
}

export function findVersion(
  parts: KmsParts,
  given: string,
): { readonly key: CryptoKey; readonly version: KeyedVersion } {
  requireName("CryptoKeyVersion", given);
  parts.due.settle();
  const { key: name, number } = splitVersion(parts.host.projects.canonical(given));
  const key = parts.store.keys.get(name);
  const version = key === undefined ? undefined : parts.store.version(name, number);
  if (key === undefined || version === undefined) throw notFound("CryptoKeyVersion", given);
  return { key, version };
}

/** The key as it is answered: with its primary version as that is now. */
export function shownKey({ store }: Pick<KmsParts, "store">, key: CryptoKey): CryptoKey {
  const { primary } = store.state(key.name);
  const version = primary === undefined ? undefined : store.version(key.name, primary);
  return version === undefined ? key : { ...key, primary: version.message };
}

/** The key material of an enabled version. Throws FAILED_PRECONDITION for any other. */
export function materialOf({ host }: KmsParts, { message, sealed }: KeyedVersion): Uint8Array {
  if (message.state !== State.ENABLED || sealed === null) throw notEnabled(message.name, stateName(message));
  return host.vault.open(sealed, message.name);
}

/** Throws when the key's purpose does not allow the operation. */
export function requirePurpose(key: CryptoKey, wanted: Purpose, operation: string): void {
  const purpose = purposeName(key.purpose);
  if (purpose === wanted) return;
  throw precondition(`${key.name} has the purpose ${purpose}, which does not allow ${operation}: it takes ${wanted}.`);
}

export const isHsm = ({ message }: KeyedVersion): boolean => message.protectionLevel === ProtectionLevel.HSM;
