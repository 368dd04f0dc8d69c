import { clone, create, equals } from "@bufbuild/protobuf";
import { Condition_State } from "../../../gen/run-v2.enums.ts";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Call } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { pinImage, requireActAs, requireImages } from "./access.ts";
import type { Control } from "./control.ts";
import { generatedRevisionId, idOf, parseService, revisionNameOf } from "./names.ts";
import { makeRevision, sameTemplate } from "./revision.ts";
import { etagMicros, etagOf, timestamp } from "./stamps.ts";
import { refuse } from "./violations.ts";

export interface Change {
  /** The caller's fields, on a copy of what was there. Its `name` is set. */
  readonly service: Service;
  readonly before: Service | undefined;
  readonly validateOnly: boolean;
  /** Makes a revision though nothing in the template has changed. */
  readonly newRevision?: boolean;
}

/**
 * Makes a service, or changes it: defaults, all checks, then everything stored at once with an operation, whose name
 * is answered. Nothing is changed when it throws.
 */
export function changeService(control: Control, call: Call, change: Change): string {
  const { host, m, store, operations, reconciler, stamps, flavour } = control;
  const { service, before, validateOnly } = change;
  const { project, service: serviceId } = parseService(service.name);
  const projectNumber = host.projects.get(project)?.number ?? "0";
  flavour.fill(service, projectNumber);
  const violations = flavour.check(service, { id: serviceId, creating: before === undefined });
  if (violations.length > 0) throw refuse(violations);
  flavour.refuse(service);

  const named = service.template?.revision ?? "";
  const newest = before === undefined ? "" : idOf(before.latestCreatedRevision);
  const isNew =
    before === undefined ||
    change.newRevision === true ||
    !sameTemplate(m, before.template, service.template) ||
    (named !== "" && named !== newest);
  if (isNew) {
    if (named !== "" && store.revisions.has(revisionNameOf(service.name, named))) {
      throw new RpcError("ALREADY_EXISTS", `Revision named '${named}' with different configuration already exists.`);
    }
    requireActAs(host, call.caller, service.template?.serviceAccount ?? "");
    requireImages(host, call.caller, imagesOf(service.template));
  }

  const now = stamps();
  stamp(service, before, call.caller.email, now);
  if (before === undefined) service.uid = host.ids.uuid();
  if (before === undefined || !sameIntent(control, before, service)) service.generation += 1n;
  service.terminalCondition =
    service.terminalCondition === undefined
      ? create(m.condition, { state: Condition_State.CONDITION_PENDING })
      : create(m.condition, {
          type: "Ready",
          state: Condition_State.CONDITION_PENDING,
          ...(service.terminalCondition.lastTransitionTime === undefined
            ? {}
            : { lastTransitionTime: service.terminalCondition.lastTransitionTime }),
        });
  service.reconciling = true;
  if (validateOnly) return operations.done(service);

  for (const text of flavour.ignored(service)) host.note(`run.ignored.${text.split(" ")[0]}`, text);
  const operation = host.db.tx(() => {
    // The operation shows the service as it is before anything of the new revision is known.
    const answered = clone(m.service, service);
    let revisionName = "";
    if (isNew) {
      const number = store.nextNumber(service.name);
      const id = named || generatedRevisionId(serviceId, number, host.ids.short(3));
      const init = { id, uid: host.ids.uuid(), nowMicros: now, creator: call.caller.email };
      const revision = makeRevision(m, service, { ...init, pin: (image) => pinImage(host, image) });
      store.revisions.put(revision.name, revision);
      service.latestCreatedRevision = revision.name;
      revisionName = revision.name;
    }
    store.services.put(service.name, service);
    return operations.start(answered, { kind: "deploy", revision: revisionName });
  });
  reconciler.kick(service.name);
  return operation;
}

/** Marks a service as deleted; the reconciler ends and forgets it. Answers the operation's name. */
export function deleteService(control: Control, call: Call, service: Service, validateOnly: boolean): string {
  const { host, m, store, operations, reconciler, stamps } = control;
  const now = stamps();
  stamp(service, service, call.caller.email, now);
  const keepMicros = 30 * 24 * 3_600_000_000;
  service.deleteTime = timestamp(now);
  service.expireTime = timestamp(now + keepMicros);
  service.generation += 1n;
  service.reconciling = true;
  const terminal = clone(m.condition, service.terminalCondition ?? create(m.condition, { type: "Ready" }));
  terminal.state = Condition_State.CONDITION_PENDING;
  terminal.message = "";
  terminal.reasons = { case: undefined };
  service.terminalCondition = terminal;
  if (validateOnly) return operations.done(service);
  const operation = host.db.tx(() => {
    store.services.put(service.name, service);
    return operations.start(service, { kind: "delete", revision: "" });
  });
  reconciler.kick(service.name);
  return operation;
}

/** Throws ABORTED when an etag is given and is not the present one. */
export function checkEtag(etag: string, present: { readonly name: string; readonly etag: string }): void {
  if (etag === "" || etag === present.etag) return;
  throw new RpcError(
    "ABORTED",
    `Conflict for resource '${idOf(present.name)}': version '${versionOf(etag)}' was specified but current version is '${versionOf(present.etag)}'.`,
  );
}

/** A version as Cloud Run prints it: the microseconds of the update time; what cannot be read stays as it is. */
function versionOf(etag: string): string {
  return String(etagMicros(etag) || etag);
}

const imagesOf = (template: Service["template"]): string[] => (template?.containers ?? []).map(({ image }) => image);

function stamp(service: Service, before: Service | undefined, email: string, now: number): void {
  const time = timestamp(now);
  if (before === undefined) {
    service.createTime = time;
    service.creator = email;
  }
  service.updateTime = time;
  service.lastModifier = email;
  service.etag = etagOf(service.name, time);
}

/** Whether two services ask for the same: everything that only the server writes is left aside. */
function sameIntent({ m }: Control, a: Service, b: Service): boolean {
  const bare = (service: Service): Service => {
    const { labels, annotations, description, client, clientVersion, ingress, launchStage, binaryAuthorization } =
      service;
    const { template, traffic, scaling, invokerIamDisabled, defaultUriDisabled, customAudiences } = service;
    return create(m.service, {
      ...{ labels, annotations, description, client, clientVersion, ingress, launchStage },
      ...{ traffic, invokerIamDisabled, defaultUriDisabled, customAudiences },
      ...(binaryAuthorization === undefined ? {} : { binaryAuthorization }),
      ...(template === undefined ? {} : { template }),
      ...(scaling === undefined ? {} : { scaling }),
    });
  };
  return equals(m.service, bare(a), bare(b));
}
