import type { Revision } from "../../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { RestMethod, RestRequest } from "../../../service.ts";
import type { Control } from "../control.ts";
import { revisionNotFound, serviceOf } from "../names.ts";
import { poolControlOf } from "../pools/control.ts";
import { deleteRevision } from "../revisions.ts";
import { tidy } from "./json.ts";
import { serving } from "./metadata.ts";
import { findByIn, listOf, numberOf, parentOf, whereOf } from "./places.ts";
import { revisionOut } from "./revision-out.ts";
import { deletedStatus, dryRun } from "./status.ts";

const poolLabel = "run.googleapis.com/workerPool";

/** Knative's revisions: named by their id alone, of whichever service. */
export function revisionsRest(control: Control): readonly RestMethod[] {
  const { store } = control;
  const pools = (): Control["store"] => poolControlOf(control).store;

  const seek = (request: RestRequest): Revision | undefined => {
    const of = [whereOf(control, request), "revisions", request.params.id ?? ""] as const;
    return findByIn(store.revisions, ...of) ?? findByIn(pools().revisions, ...of);
  };
  const find = (request: RestRequest): Revision => {
    const found = seek(request);
    if (found !== undefined) return found;
    const { project, region } = whereOf(control, request);
    throw revisionNotFound({ project, location: region, service: "", revision: request.params.id ?? "" });
  };
  const named = (request: RestRequest): string =>
    seek(request)?.name ?? `${parentOf(control, request)}/services/-/revisions/${request.params.id}`;
  const show = (revision: Revision) =>
    revisionOut(revision, {
      projectNumber: numberOf(control, revision.name),
      serviceUid:
        (revision.name.includes("/workerPools/") ? pools() : store).services.get(serviceOf(revision.name))?.uid ?? "",
    });

  const get: Omit<RestMethod, "path"> = {
    id: "google.cloud.run.v1.Revisions.GetRevision",
    verb: "GET",
    permission: "run.revisions.get",
    resource: named,
    audit: "ADMIN_READ",
    handle: (request) => tidy(show(find(request))),
  };
  const list: Omit<RestMethod, "path"> = {
    id: "google.cloud.run.v1.Revisions.ListRevisions",
    verb: "GET",
    permission: "run.revisions.list",
    resource: (request) => parentOf(control, request),
    audit: "ADMIN_READ",
    handle: (request) => {
      // A list is of one kind: of worker pools where its selector names them.
      const pooled = request.query.get("labelSelector")?.includes(poolLabel) === true;
      const { revisions: collection } = pooled ? pools() : store;
      return listOf(control, request, { apiVersion: serving, kind: "RevisionList", collection, show });
    },
  };
  const remove: Omit<RestMethod, "path"> = {
    id: "google.cloud.run.v1.Revisions.DeleteRevision",
    verb: "DELETE",
    permission: "run.revisions.delete",
    resource: named,
    audit: "ADMIN_WRITE",
    handle: (request) => {
      const revision = find(request);
      deleteRevision(control, revision.name, { etag: "", validateOnly: dryRun(request) });
      return deletedStatus("revisions", revision);
    },
  };

  return ["/apis/serving.knative.dev/v1/namespaces/{project}", "/v1/projects/{project}/locations/{location}"].flatMap(
    (root) => [
      { ...list, path: `${root}/revisions` },
      ...[get, remove].map((method) => ({ ...method, path: `${root}/revisions/{id}` })),
    ],
  );
}
