import { clone } from "@bufbuild/protobuf";
import type { Revision, Revisions } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkEtag } from "./change.ts";
import type { Control } from "./control.ts";
import { idOf, parseRevision, parseService, revisionNotFound, serviceOf } from "./names.ts";
import { api } from "./operations.ts";
import { pageSizeOf } from "./pages.ts";
import { poolControlOf } from "./pools/control.ts";
import { settle } from "./settle.ts";
import { etagOf, timestamp } from "./stamps.ts";

/** `google.cloud.run.v2.Revisions` */
export function revisionsRpc(control: Control): RpcService {
  const { host } = control;
  const { canonical } = host.projects;

  const find = (given: string): Revision => mustFind(control, canonical(given));

  return rpc<typeof Revisions>("google.cloud.run.v2.Revisions", {
    getRevision: {
      permission: "run.revisions.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => find(request.name),
    },

    listRevisions: {
      permission: "run.revisions.list",
      resource: (request) => request.parent.replace(/\/(services|workerPools)\/-$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => {
        if (request.showDeleted) {
          throw new RpcError("UNIMPLEMENTED", "Not implemented by the local Cloud Run: show_deleted.");
        }
        const parent = canonical(request.parent);
        const { service } = parseService(parent);
        const scope = service === "-" ? { under: parent.slice(0, -1) } : { parent };
        const { items, nextPageToken } = ownerOf(control, parent).store.revisions.list({
          ...scope,
          pageSize: pageSizeOf(request.pageSize),
          pageToken: request.pageToken,
        });
        return { revisions: items, nextPageToken };
      },
    },

    deleteRevision: {
      permission: "run.revisions.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) =>
        host.operations.message(deleteRevision(control, canonical(request.name), request)) as Operation,
    },
  });
}

/** Whose revision it is: a service's, or a worker pool's. */
function ownerOf(control: Control, name: string): Control {
  return name.includes("/workerPools/") ? poolControlOf(control) : control;
}

function mustFind(control: Control, name: string): Revision {
  const place = parseRevision(name);
  const found = ownerOf(control, name).store.revisions.get(name);
  if (found === undefined) throw revisionNotFound(place);
  return found;
}

/** Deletes a revision that nothing needs. Answers the operation's name, which is done at once. */
export function deleteRevision(
  any: Control,
  name: string,
  { etag, validateOnly }: { readonly etag: string; readonly validateOnly: boolean },
): string {
  const control = ownerOf(any, name);
  const { host, m, store } = control;
  const revision = clone(m.revision, mustFind(control, name));
  checkEtag(etag, revision);
  refuseInUse(control, revision);
  const now = control.stamps();
  revision.deleteTime = timestamp(now);
  revision.updateTime = timestamp(now);
  revision.etag = etagOf(revision.name, revision.updateTime);
  return host.db.tx(() => {
    if (!validateOnly) store.revisions.delete(revision.name);
    const handle = host.operations.start({
      api,
      parent: serviceOf(revision.name).replace(/\/(services|workerPools)\/.*$/, ""),
      target: revision.name,
      response: m.revision,
      metadata: { schema: m.revision, value: revision },
    });
    handle.succeed(revision);
    return handle.name;
  });
}

/** https://cloud.google.com/run/docs/managing/revisions#delete: not one that can get traffic, nor the only or the latest. */
function refuseInUse({ store }: Control, revision: Revision): void {
  const service = store.services.get(serviceOf(revision.name));
  if (service === undefined) return;
  const settlement = settle(service, store.revisionsOf(service.name));
  const id = idOf(revision.name);
  const targets = [...service.traffic, ...service.trafficStatuses];
  const routed =
    settlement.routes.some((route) => route.revision.name === revision.name) ||
    targets.some((target) => target.revision === id);
  const latest = revision.name === service.latestCreatedRevision || revision.name === service.latestReadyRevision;
  if (!routed && !latest) return;
  const why = routed ? "it is actively serving traffic" : "it is the latest revision of its service";
  throw new RpcError("FAILED_PRECONDITION", `Revision '${id}' cannot be deleted because ${why}.`);
}
