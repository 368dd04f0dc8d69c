import { randomBytes } from "node:crypto";
import { localIam } from "../../chain/iam.ts";
import type { JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { invalid, StorageError } from "./errors.ts";
import { etagOf } from "./etag.ts";
import { type HmacKey, hmacKeysOf } from "./hmac-store.ts";
import { isoOf, type Storage } from "./storage.ts";

const base = "https://www.googleapis.com/storage/v1/projects";
/** Of a service account: 61 characters. https://cloud.google.com/storage/docs/authentication/hmackeys#overview */
const accessIdPrefix = "GOOG1E";
const accessIdLength = 61;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const mostPerPage = 250;

/** HMAC keys of service accounts: their secret is told once, and signs URLs (GOOG4-HMAC-SHA256). */
export function hmacKeyMethods({ host }: Storage): readonly RestMethod[] {
  const keys = hmacKeysOf(host);
  const { accounts } = localIam(host.iam);
  const resource = ({ params }: RestRequest): string => `projects/${params.project}`;
  const projectOf = (request: RestRequest): string => host.projects.get(request.params.project ?? "")?.id ?? "";

  const show = (key: HmacKey): JsonObject => ({
    kind: "storage#hmacKeyMetadata",
    id: `${key.project}/${key.accessId}`,
    selfLink: `${base}/${key.project}/hmacKeys/${key.accessId}`,
    accessId: key.accessId,
    projectId: key.project,
    serviceAccountEmail: key.email,
    state: key.state,
    timeCreated: isoOf(key.createdMs),
    updated: isoOf(key.updatedMs),
    etag: etag(key),
  });
  const find = (request: RestRequest): HmacKey => {
    const { key = "" } = request.params;
    const found = keys.get(key);
    if (found !== undefined && found.project === projectOf(request)) return found;
    throw new StorageError({ status: 404, reason: "notFound", message: `Access ID not found: ${key}` });
  };
  const changed = (request: RestRequest, state: HmacKey["state"]): HmacKey => {
    const { accessId } = find(request);
    keys.setState(accessId, state, host.clock.now());
    return find(request);
  };
  const path = "/storage/v1/projects/{project}/hmacKeys";

  return [
    {
      id: "storage.projects.hmacKeys.create",
      verb: "POST",
      path,
      permission: "storage.hmacKeys.create",
      resource,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const email = request.query.get("serviceAccountEmail") ?? "";
        if (email === "") throw invalid("Required parameter: serviceAccountEmail", "required");
        if (accounts.get(email) === undefined) {
          throw new StorageError({ status: 404, reason: "notFound", message: `Service Account '${email}' not found.` });
        }
        const nowMs = host.clock.now();
        const rest = [...randomBytes(accessIdLength - accessIdPrefix.length)]
          .map((byte) => alphabet[byte % 32])
          .join("");
        const accessId = `${accessIdPrefix}${rest}`;
        const secret = randomBytes(30).toString("base64");
        const project = projectOf(request);
        keys.add({ accessId, project, email, state: "ACTIVE", createdMs: nowMs, updatedMs: nowMs }, secret);
        const made = keys.get(accessId) as HmacKey;
        return { kind: "storage#hmacKey", metadata: show(made), secret };
      },
    },
    {
      id: "storage.projects.hmacKeys.list",
      verb: "GET",
      path,
      permission: "storage.hmacKeys.list",
      resource,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { query } = request;
        const email = query.get("serviceAccountEmail");
        const deleted = query.get("showDeletedKeys") === "true";
        const project = projectOf(request);
        const scope = `hmacKeys/${project}/${email ?? ""}/${deleted}`;
        const token = query.get("pageToken");
        const after = token === null || token === "" ? "" : readPageToken(token, scope);
        const most = Math.min(Number(query.get("maxResults") ?? mostPerPage) || mostPerPage, mostPerPage);
        const all = keys
          .list(project)
          .filter((key) => (email === null || key.email === email) && (deleted || key.state !== "DELETED"))
          .filter(({ accessId }) => accessId > after);
        const items = all.slice(0, most);
        const last = items.at(-1)?.accessId;
        return {
          kind: "storage#hmacKeysMetadata",
          ...(items.length === 0 ? {} : { items: items.map(show) }),
          ...(last !== undefined && all.length > items.length ? { nextPageToken: pageToken(last, scope) } : {}),
        };
      },
    },
    {
      id: "storage.projects.hmacKeys.get",
      verb: "GET",
      path: `${path}/{key}`,
      permission: "storage.hmacKeys.get",
      resource,
      audit: "ADMIN_READ",
      handle: (request) => show(find(request)),
    },
    {
      id: "storage.projects.hmacKeys.update",
      verb: "PUT",
      path: `${path}/{key}`,
      permission: "storage.hmacKeys.update",
      resource,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { state, etag: given } = request.body;
        const before = find(request);
        if (before.state === "DELETED") throw invalid("Cannot update keys in 'DELETED' state.");
        if (state !== "ACTIVE" && state !== "INACTIVE") throw invalid("Invalid state: it must be ACTIVE or INACTIVE.");
        if (given !== undefined && given !== "" && given !== etag(before)) {
          throw new StorageError({
            status: 412,
            reason: "conditionNotMet",
            message: "At least one of the pre-conditions you specified did not hold.",
          });
        }
        return show(changed(request, state));
      },
    },
    {
      id: "storage.projects.hmacKeys.delete",
      verb: "DELETE",
      path: `${path}/{key}`,
      permission: "storage.hmacKeys.delete",
      resource,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        if (find(request).state === "ACTIVE") throw invalid("Cannot delete keys in 'ACTIVE' state.");
        changed(request, "DELETED");
        return undefined;
      },
    },
  ];
}

const etag = ({ updatedMs }: HmacKey): string => etagOf(updatedMs);
