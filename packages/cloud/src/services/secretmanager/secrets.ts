import type { Secret } from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import type { SecretManagerService } from "../../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import type { Due } from "../../store/due.ts";
import { compileFilter } from "../../wire/filter.ts";
import { checkSecret, durationMillis, millisOf } from "./limits.ts";
import { lastPart, readPage } from "./pages.ts";
import { api, type SecretParts, timestampOf } from "./parts.ts";
import {
  etagOf,
  invalid,
  parseParent,
  parseSecret,
  requireEtag,
  requireSecretId,
  secretExists,
  secretNotFound,
} from "./rules.ts";
import type { StoredSecret } from "./store.ts";
import { applyMask } from "./update.ts";

/** Secrets themselves; their versions are in `versions.ts`. */
export function secretMethods(parts: SecretParts, due: Due): Methods<typeof SecretManagerService> {
  const { host, store, secretSchema, names, shown, stamp } = parts;
  const { schemas, clock, projects } = host;

  const find = (given: string): StoredSecret => {
    due.settle();
    const { stored, shown } = names(parseSecret(given));
    const found = store.secret(stored);
    if (found === undefined) throw secretNotFound(shown);
    return found;
  };
  const present = (secret: Secret): Secret => ({ ...secret, name: shown(secret.name) });
  function* secretsAfter(parent: string, last: string | undefined): Generator<Secret> {
    const after = last === undefined ? undefined : `${parent}/secrets/${lastPart(last)}`;
    for (const { message } of store.secrets(parent, after)) yield present(message);
  }

  return {
    createSecret: {
      permission: "secretmanager.secrets.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        due.settle();
        const at = { ...parseParent(request.parent), secret: request.secretId };
        requireSecretId(request.secretId);
        if (request.secret === undefined) throw invalid("Field [secret] is required.");
        const nowMs = clock.now();
        checkSecret(request.secret, { regional: at.location !== undefined, nowMs });
        const { stored, shown: visible } = names(at);
        const changedMicros = stamp();
        const secret = schemas.clone(secretSchema, request.secret);
        settleExpiration(secret, nowMs);
        secret.name = stored;
        secret.createTime = { $typeName: "google.protobuf.Timestamp", ...timestampOf(changedMicros) };
        secret.etag = etagOf(changedMicros);
        secret.versionAliases = {};
        delete secret.policyMember;
        host.db.tx(() => {
          if (store.secret(stored) !== undefined) throw secretExists(visible);
          if (Object.keys(request.secret?.versionAliases ?? {}).length > 0) {
            throw invalid("Secret.version_aliases can name versions only once there are some.");
          }
          store.insertSecret(projects.canonical(request.parent), secret, changedMicros, expiryOf(secret));
        });
        if (expiryOf(secret) !== undefined) due.changed();
        saySilent(secret);
        return present(secret);
      },
    },
    getSecret: {
      permission: "secretmanager.secrets.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => present(find(request.name).message),
    },
    listSecrets: {
      permission: "secretmanager.secrets.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        due.settle();
        parseParent(request.parent);
        const parent = projects.canonical(request.parent);
        const keep = request.filter === "" ? undefined : compileFilter(request.filter, secretSchema);
        const { items, nextPageToken } = readPage<Secret>(
          request,
          parent,
          (after) => secretsAfter(parent, after),
          keep,
        );
        return { secrets: items, nextPageToken, totalSize: keep === undefined ? store.countSecrets(parent) : 0 };
      },
    },
    updateSecret: {
      permission: "secretmanager.secrets.update",
      resource: (request) => request.secret?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { secret: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field [secret] is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field [update_mask] is required.");
        }
        const secret = host.db.tx(() => {
          const present = find(wanted.name);
          requireEtag(wanted.etag, present.message.etag);
          const next = present.message;
          const changed = applyMask(next, wanted, updateMask.paths);
          const nowMs = clock.now();
          const regional = parseSecret(wanted.name).location !== undefined;
          checkSecret(next, { regional, nowMs, changed });
          settleExpiration(next, nowMs);
          for (const [alias, number] of Object.entries(next.versionAliases)) {
            if (changed.has("version_aliases") && store.version(next.name, Number(number)) === undefined) {
              throw invalid(`The version alias [${alias}] names version [${number}], which does not exist.`);
            }
          }
          const changedMicros = stamp(present.changedMicros);
          next.etag = etagOf(changedMicros);
          store.updateSecret(next, changedMicros, expiryOf(next));
          return next;
        });
        due.changed();
        saySilent(secret);
        return present(secret);
      },
    },
    deleteSecret: {
      permission: "secretmanager.secrets.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        host.db.tx(() => {
          const { message } = find(request.name);
          requireEtag(request.etag, message.etag);
          store.deleteSecret(message.name);
          host.iam.removePolicies(`${api}/${message.name}`);
        });
        due.changed();
        return {};
      },
    },
  };

  /** What is stored and has no effect here is said, once. */
  function saySilent(secret: Secret): void {
    if (secret.topics.length > 0) {
      host.note(
        "secretmanager.topics",
        "Secret Manager: topics and rotation are stored; nothing is published (Pub/Sub is not here).",
      );
    }
    const policy = secret.replication?.replication;
    const keys =
      policy?.case === "userManaged"
        ? policy.value.replicas.map((replica) => replica.customerManagedEncryption)
        : [policy?.value?.customerManagedEncryption, secret.customerManagedEncryption];
    if (keys.some((key) => key !== undefined)) {
      host.note(
        "secretmanager.kms",
        "Secret Manager: customer-managed keys are stored; payloads are sealed with the local cloud's own key.",
      );
    }
  }
}

/** A `ttl` becomes the time at which it ends, as Google answers it. */
function settleExpiration(secret: Secret, nowMs: number): void {
  if (secret.expiration.case !== "ttl") return;
  const micros = Math.floor((nowMs + durationMillis(secret.expiration.value)) * 1000);
  secret.expiration = {
    case: "expireTime",
    value: { $typeName: "google.protobuf.Timestamp", ...timestampOf(micros) },
  };
}

const expiryOf = (secret: Secret): number | undefined =>
  secret.expiration.case === "expireTime" ? millisOf(secret.expiration.value) : undefined;
