import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  Policies,
  PolicyOperationMetadataSchema,
  PolicySchema,
  Policy as V2Policy,
} from "../../../../gen/types/google/iam/v2/policy_pb.js";
import type { DenyContent, DenyPolicy, DenyRule } from "../../../chain/deny.ts";
import { localIam } from "../../../chain/iam.ts";
import { concurrentChange } from "../../../chain/policies.ts";
import type { Host } from "../../../host.ts";
import { type Access, type RpcService, rpc } from "../../../service.ts";
import { pageToken, readPageToken } from "../../../store/collection.ts";
import { ownerEmail, type StoredProjects } from "../../../store/projects.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { checkDenyId, checkDenyRules, parseDenyName } from "./rules.ts";

/** What a deny policy is attached to. */
interface Point {
  /** By which it is kept: a project's id, or `folders/1`. */
  readonly key: string;
  /** `projects/123456789012` or `folders/1` */
  readonly name: string;
}

/** `google.iam.v2.Policies`: deny policies of projects, folders and organisations. Each change is an operation that is done at once, as Google's. */
export function denyRpc(host: Host): RpcService {
  const { deny } = localIam(host.iam);

  const access = <I>(verb: string, nameOf: (request: I) => string): Access<I> => ({
    permission: `iam.denypolicies.${verb}`,
    resource: (request) => `//cloudresourcemanager.googleapis.com/${parseDenyName(nameOf(request)).point}`,
    audit: verb === "get" || verb === "list" ? "ADMIN_READ" : "ADMIN_WRITE",
    // No role of a project gives it: at Google it is an organisation's to give. Here the owner stands for that too.
    grants: (_, __, caller) => caller.kind === "user" && caller.email === ownerEmail,
  });

  const projects = host.projects as StoredProjects;
  const placed = (name: string): { readonly point: Point; readonly id: string } => {
    const { point: given, id } = parseDenyName(name);
    if (!given.startsWith("projects/")) {
      if (projects.hierarchy.get(given) === undefined) throw new RpcError("NOT_FOUND", `${given} not found.`);
      return { point: { key: given, name: given }, id };
    }
    const project = projects.get(given.slice("projects/".length));
    if (project === undefined)
      throw new RpcError("NOT_FOUND", `Project '${given.slice("projects/".length)}' not found.`);
    return { point: { key: project.id, name: `projects/${project.number}` }, id };
  };
  const must = (name: string, etag: string): { readonly point: Point; readonly policy: DenyPolicy } => {
    const { point, id } = placed(name);
    const policy = deny.get(point.key, id);
    if (policy === undefined) throw new RpcError("NOT_FOUND", `Policy "${denyName(point, id)}" not found.`);
    if (etag !== "" && etag !== policy.etag) throw concurrentChange();
    return { point, policy };
  };

  /** What Google answers at once: the operation, done. */
  const done = (point: Point, policy: DenyPolicy, deletedMs?: number): never => {
    const name = denyName(point, policy.id);
    const metadata = host.schemas.message<typeof PolicyOperationMetadataSchema>(
      "google.iam.v2.PolicyOperationMetadata",
    );
    const operation = host.operations.start({
      api: "iam.googleapis.com",
      parent: name,
      target: point.key.includes("/") ? point.key : `projects/${point.key}`,
      response: host.schemas.message<typeof PolicySchema>("google.iam.v2.Policy"),
      metadata: { schema: metadata, value: { createTime: timestampFromMs(host.clock.now()) } },
    });
    operation.succeed({
      ...show(point, policy, true),
      ...(deletedMs === undefined ? {} : { deleteTime: timestampFromMs(deletedMs) }),
    });
    return host.operations.message(operation.name) as never;
  };

  return rpc<typeof Policies>("google.iam.v2.Policies", {
    listPolicies: {
      ...access("list", ({ parent }) => parent),
      handle: ({ parent, pageSize, pageToken: token }) => {
        const { point } = placed(parent);
        const after = token === "" ? "" : readPageToken(token, parent);
        const all = deny.list(point.key).filter(({ id }) => id > after);
        const items = all.slice(0, pageSize > 0 ? Math.min(pageSize, 1000) : 1000);
        const last = items.at(-1);
        return {
          policies: items.map((policy) => show(point, policy, false)),
          nextPageToken: last && items.length < all.length ? pageToken(last.id, parent) : "",
        };
      },
    },
    getPolicy: {
      ...access("get", ({ name }) => name),
      handle: ({ name }) => {
        const { point, policy } = must(name, "");
        return show(point, policy, true);
      },
    },
    createPolicy: {
      ...access("create", ({ parent }) => parent),
      handle: ({ parent, policy, policyId }) => {
        const { point } = placed(parent);
        checkDenyId(policyId);
        const content = contentOf(policy);
        if (deny.get(point.key, policyId) !== undefined) {
          throw new RpcError("ALREADY_EXISTS", `Policy "${denyName(point, policyId)}" already exists.`);
        }
        return host.db.tx(() => done(point, deny.put(point.key, policyId, content)));
      },
    },
    updatePolicy: {
      ...access("update", ({ policy }) => policy?.name ?? ""),
      handle: ({ policy }) => {
        const { point, policy: present } = must(policy?.name ?? "", policy?.etag ?? "");
        const content = contentOf(policy);
        return host.db.tx(() => done(point, deny.put(point.key, present.id, content)));
      },
    },
    deletePolicy: {
      ...access("delete", ({ name }) => name),
      handle: ({ name, etag }) => {
        const { point, policy } = must(name, etag);
        return host.db.tx(() => {
          deny.remove(point.key, policy.id);
          return done(point, policy, host.clock.now());
        });
      },
    },
  });
}

function denyName(point: Point, id: string): string {
  return `policies/cloudresourcemanager.googleapis.com%2F${point.name.replace("/", "%2F")}/denypolicies/${id}`;
}

function contentOf(policy: V2Policy | undefined): DenyContent {
  const rules = (policy?.rules ?? []).flatMap(({ kind, description }): DenyRule[] => {
    if (kind.case !== "denyRule") return [];
    const { deniedPrincipals, exceptionPrincipals, deniedPermissions, exceptionPermissions } = kind.value;
    const { denialCondition: condition } = kind.value;
    return [
      {
        description,
        ...{ deniedPrincipals, exceptionPrincipals, deniedPermissions, exceptionPermissions },
        ...(condition === undefined ? {} : { condition: plain(condition) }),
      },
    ];
  });
  checkDenyRules(rules);
  return { displayName: policy?.displayName ?? "", annotations: { ...policy?.annotations }, rules };
}

function plain(condition: { readonly expression: string; readonly title: string; readonly description: string }) {
  const { expression, title, description } = condition;
  return { expression, title, description };
}

function show(point: Point, policy: DenyPolicy, full: boolean): MessageInitShape<typeof PolicySchema> {
  const shownRules = policy.rules.map(({ description, condition, ...rule }) => ({
    description,
    kind: {
      case: "denyRule" as const,
      value: {
        deniedPrincipals: [...rule.deniedPrincipals],
        exceptionPrincipals: [...rule.exceptionPrincipals],
        deniedPermissions: [...rule.deniedPermissions],
        exceptionPermissions: [...rule.exceptionPermissions],
        ...(condition === undefined ? {} : { denialCondition: { ...condition } }),
      },
    },
  }));
  return {
    name: denyName(point, policy.id),
    uid: policy.uid,
    kind: "DenyPolicy",
    displayName: policy.displayName,
    annotations: { ...policy.annotations },
    etag: policy.etag,
    createTime: timestampFromMs(policy.createdMs),
    updateTime: timestampFromMs(policy.updatedMs),
    rules: full ? shownRules : [],
  };
}
