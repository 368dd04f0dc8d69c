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
import type { Host, Project } from "../../../host.ts";
import { type Access, type RpcService, rpc } from "../../../service.ts";
import { pageToken, readPageToken } from "../../../store/collection.ts";
import { ownerEmail } from "../../../store/projects.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { checkDenyId, checkDenyRules, parseDenyName } from "./rules.ts";

/** `google.iam.v2.Policies`: deny policies of projects. Each change is an operation that is done at once, as Google's. */
export function denyRpc(host: Host): RpcService {
  const { deny } = localIam(host.iam);

  const access = <I>(verb: string, nameOf: (request: I) => string): Access<I> => ({
    permission: (request) => (isProjects(nameOf(request)) ? `iam.denypolicies.${verb}` : []),
    resource: (request) => {
      const name = nameOf(request);
      return isProjects(name) ? `//cloudresourcemanager.googleapis.com/projects/${parseDenyName(name).project}` : "";
    },
    audit: verb === "get" || verb === "list" ? "ADMIN_READ" : "ADMIN_WRITE",
    // No role of a project gives it: at Google it is an organisation's to give. Here the owner stands for that too.
    grants: (_, __, caller) => caller.kind === "user" && caller.email === ownerEmail,
  });

  const placed = (name: string): { readonly project: Project; readonly id: string } => {
    const { project: given, id } = parseDenyName(name);
    const project = host.projects.get(given);
    if (project === undefined) throw new RpcError("NOT_FOUND", `Project '${given}' not found.`);
    return { project, id };
  };
  const must = (name: string, etag: string): { readonly project: Project; readonly policy: DenyPolicy } => {
    const { project, id } = placed(name);
    const policy = deny.get(project.id, id);
    if (policy === undefined) throw new RpcError("NOT_FOUND", `Policy "${denyName(project, id)}" not found.`);
    if (etag !== "" && etag !== policy.etag) throw concurrentChange();
    return { project, policy };
  };

  /** What Google answers at once: the operation, done. */
  const done = (project: Project, policy: DenyPolicy, deletedMs?: number): never => {
    const name = denyName(project, policy.id);
    const metadata = host.schemas.message<typeof PolicyOperationMetadataSchema>(
      "google.iam.v2.PolicyOperationMetadata",
    );
    const operation = host.operations.start({
      api: "iam.googleapis.com",
      parent: name,
      target: `projects/${project.id}`,
      response: host.schemas.message<typeof PolicySchema>("google.iam.v2.Policy"),
      metadata: { schema: metadata, value: { createTime: timestampFromMs(host.clock.now()) } },
    });
    operation.succeed({
      ...show(project, policy, true),
      ...(deletedMs === undefined ? {} : { deleteTime: timestampFromMs(deletedMs) }),
    });
    return host.operations.message(operation.name) as never;
  };

  return rpc<typeof Policies>("google.iam.v2.Policies", {
    listPolicies: {
      ...access("list", ({ parent }) => parent),
      handle: ({ parent, pageSize, pageToken: token }) => {
        const { project } = placed(parent);
        const after = token === "" ? "" : readPageToken(token, parent);
        const all = deny.list(project.id).filter(({ id }) => id > after);
        const items = all.slice(0, pageSize > 0 ? Math.min(pageSize, 1000) : 1000);
        const last = items.at(-1);
        return {
          policies: items.map((policy) => show(project, policy, false)),
          nextPageToken: last && items.length < all.length ? pageToken(last.id, parent) : "",
        };
      },
    },
    getPolicy: {
      ...access("get", ({ name }) => name),
      handle: ({ name }) => {
        const { project, policy } = must(name, "");
        return show(project, policy, true);
      },
    },
    createPolicy: {
      ...access("create", ({ parent }) => parent),
      handle: ({ parent, policy, policyId }) => {
        const { project } = placed(parent);
        checkDenyId(policyId);
        const content = contentOf(policy);
        if (deny.get(project.id, policyId) !== undefined) {
          throw new RpcError("ALREADY_EXISTS", `Policy "${denyName(project, policyId)}" already exists.`);
        }
        return host.db.tx(() => done(project, deny.put(project.id, policyId, content)));
      },
    },
    updatePolicy: {
      ...access("update", ({ policy }) => policy?.name ?? ""),
      handle: ({ policy }) => {
        const { project, policy: present } = must(policy?.name ?? "", policy?.etag ?? "");
        const content = contentOf(policy);
        return host.db.tx(() => done(project, deny.put(project.id, present.id, content)));
      },
    },
    deletePolicy: {
      ...access("delete", ({ name }) => name),
      handle: ({ name, etag }) => {
        const { project, policy } = must(name, etag);
        return host.db.tx(() => {
          deny.remove(project.id, policy.id);
          return done(project, policy, host.clock.now());
        });
      },
    },
  });
}

/** Whether it names a project; what it names else is told by the handler. */
function isProjects(name: string): boolean {
  return /^policies\/cloudresourcemanager\.googleapis\.com(%2[fF]|\/)projects(%2[fF]|\/)/.test(name);
}

function denyName(project: Project, id: string): string {
  return `policies/cloudresourcemanager.googleapis.com%2Fprojects%2F${project.number}/denypolicies/${id}`;
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

function show(project: Project, policy: DenyPolicy, full: boolean): MessageInitShape<typeof PolicySchema> {
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
    name: denyName(project, policy.id),
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
