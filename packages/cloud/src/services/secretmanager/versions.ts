import { crc32c } from "@aloft/kit/crc32c";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { SecretVersion_State as State } from "../../../gen/secretmanager-v1.enums.ts";
import type {
  ReplicationStatusSchema,
  Secret,
  SecretVersion,
} from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import type { SecretManagerService } from "../../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import type { AuditKind, Methods } from "../../service.ts";
import type { Due } from "../../store/due.ts";
import { compileFilter } from "../../wire/filter.ts";
import { destroyNow } from "./due.ts";
import { durationMillis } from "./limits.ts";
import { lastPart, readPage } from "./pages.ts";
import { type SecretParts, timestampOf } from "./parts.ts";
import {
  etagOf,
  invalid,
  maxPayloadBytes,
  noVersions,
  parseSecret,
  parseVersion,
  requireEtag,
  secretNotFound,
  type VersionName,
  versionInState,
  versionNotFound,
} from "./rules.ts";
import type { StoredVersion } from "./store.ts";

interface Found {
  /** The secret's stored name. */
  readonly secret: string;
  readonly version: StoredVersion;
}

/** Versions: added, read, enabled, disabled, destroyed. `access` is in `access.ts`. */
export function versionMethods(parts: SecretParts, due: Due): Methods<typeof SecretManagerService> {
  const { host, store, versionSchema, names, shown, stamp } = parts;
  const { schemas, clock, vault } = host;

  const find = (given: string, aliases: boolean): Found => {
    due.settle();
    const at = parseVersion(given);
    const { stored, shown } = names(at);
    const number = versionNumber(parts, at, stored, shown, aliases);
    const version = store.version(stored, number);
    if (version === undefined) throw missingVersion(parts, stored, shown, at.version);
    return { secret: stored, version };
  };
  const present = (version: SecretVersion): SecretVersion => ({ ...version, name: shown(version.name) });
  function* versionsAfter(secret: string, last: string | undefined): Generator<SecretVersion> {
    const before = last === undefined ? undefined : Number(lastPart(last));
    for (const { message } of store.versions(secret, before)) yield present(message);
  }

  /** Enable, disable and destroy: one transaction around the version as it is. */
  const change = (
    verb: "enable" | "disable" | "destroy",
    work: (found: Found, secret: Secret) => void,
  ): {
    permission: string;
    resource: (request: { readonly name: string }) => string;
    audit: AuditKind;
    handle: (request: { readonly name: string; readonly etag: string }) => SecretVersion;
  } => ({
    permission: `secretmanager.versions.${verb}`,
    resource: (request) => request.name,
    audit: "ADMIN_WRITE",
    handle: (request) => {
      const found = host.db.tx(() => {
        const found = find(request.name, false);
        const { message } = found.version;
        requireEtag(request.etag, message.etag);
        if (message.state === State.DESTROYED) throw versionInState(shown(message.name), "DESTROYED");
        const secret = store.secret(found.secret);
        if (secret === undefined) throw secretNotFound(shown(found.secret));
        work(found, secret.message);
        return found;
      });
      due.changed();
      return present(found.version.message);
    },
  });

  const setState = ({ secret, version }: Found, state: SecretVersion["state"], destroysMs?: number): void => {
    const changedMicros = stamp(version.changedMicros);
    version.message.state = state;
    version.message.etag = etagOf(changedMicros);
    if (destroysMs === undefined) delete version.message.scheduledDestroyTime;
    else {
      version.message.scheduledDestroyTime = {
        $typeName: "google.protobuf.Timestamp",
        ...timestampOf(Math.floor(destroysMs * 1000)),
      };
    }
    store.updateVersion(secret, version.number, version.message, { changedMicros, destroysMs });
  };

  return {
    addSecretVersion: {
      permission: "secretmanager.versions.add",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        due.settle();
        const { stored, shown } = names(parseSecret(request.parent));
        if (request.payload === undefined) throw invalid("Field [payload] is required.");
        const { data, dataCrc32c } = request.payload;
        if (data.length === 0) throw invalid("Secret Payload cannot be empty.");
        if (data.length > maxPayloadBytes) {
          throw invalid(`Secret Payload is larger than the maximum size of ${maxPayloadBytes} bytes.`);
        }
        const crc = crc32c(data);
        if (dataCrc32c !== undefined && dataCrc32c !== BigInt(crc)) {
          throw invalid("The checksum of the payload data does not match the provided data_crc32c.");
        }
        const changedMicros = stamp();
        const version = host.db.tx(() => {
          const secret = store.secret(stored);
          if (secret === undefined) throw secretNotFound(shown);
          const number = store.nextVersion(stored);
          const replicationStatus = statusOf(secret.message);
          const version = schemas.create(versionSchema, {
            name: `${stored}/versions/${number}`,
            createTime: timestampOf(changedMicros),
            state: State.ENABLED,
            etag: etagOf(changedMicros),
            clientSpecifiedPayloadChecksum: dataCrc32c !== undefined,
            ...(replicationStatus === undefined ? {} : { replicationStatus }),
          });
          store.insertVersion(stored, number, version, { sealed: vault.seal(data, version.name), crc }, changedMicros);
          return version;
        });
        return present(version);
      },
    },
    getSecretVersion: {
      permission: "secretmanager.versions.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => present(find(request.name, true).version.message),
    },
    listSecretVersions: {
      permission: "secretmanager.versions.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        due.settle();
        const { stored, shown } = names(parseSecret(request.parent));
        if (store.secret(stored) === undefined) throw secretNotFound(shown);
        const keep = request.filter === "" ? undefined : compileFilter(request.filter, versionSchema);
        const { items, nextPageToken } = readPage<SecretVersion>(
          request,
          stored,
          (after) => versionsAfter(stored, after),
          keep,
        );
        return { versions: items, nextPageToken, totalSize: keep === undefined ? store.countVersions(stored) : 0 };
      },
    },
    enableSecretVersion: change("enable", (found) => setState(found, State.ENABLED)),
    disableSecretVersion: change("disable", (found) => setState(found, State.DISABLED)),
    destroySecretVersion: change("destroy", (found, secret) => {
      const delay = secret.versionDestroyTtl;
      if (delay !== undefined) setState(found, State.DISABLED, clock.now() + durationMillis(delay));
      else destroyNow(parts, found.secret, found.version, stamp());
    }),
  };
}

/** The number that a version's name means; `latest` is the newest, whatever its state. */
export function versionNumber(
  { store }: SecretParts,
  at: VersionName,
  stored: string,
  shown: string,
  aliases: boolean,
): number | "latest" {
  if (at.version === "latest") return "latest";
  if (/^[1-9]\d{0,15}$/.test(at.version)) return Number(at.version);
  const number = aliases ? store.secret(stored)?.message.versionAliases[at.version] : undefined;
  if (number === undefined) throw versionNotFound(`${shown}/versions/${at.version}`);
  return Number(number);
}

export function missingVersion({ store }: SecretParts, stored: string, shown: string, version: string): Error {
  if (version === "latest") return noVersions(shown);
  if (store.secret(stored) === undefined) return secretNotFound(shown);
  return versionNotFound(`${shown}/versions/${version}`);
}

/** Where a version is kept, told as its secret's policy is. */
function statusOf(secret: Secret): MessageInitShape<typeof ReplicationStatusSchema> | undefined {
  const policy = secret.replication?.replication;
  if (policy?.case === undefined) return undefined;
  return policy.case === "automatic"
    ? { replicationStatus: { case: "automatic", value: {} } }
    : {
        replicationStatus: {
          case: "userManaged",
          value: { replicas: policy.value.replicas.map(({ location }) => ({ location })) },
        },
      };
}
