import type { Host } from "../../../host.ts";
import type { AuditKind, Json, JsonObject, RestMethod, RestRequest } from "../../../service.ts";
import { pageToken, readPageToken } from "../../../store/collection.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { checkPoolId, checkProvider, masked, type PoolContent, poolContent, providerContent } from "./rules.ts";
import { heldMs, type Kept, type Pools, poolsOf } from "./store.ts";

interface Kind {
  /** `workloadIdentityPools.providers` */
  readonly id: string;
  readonly permissions: string;
  /** Pattern of the parent's name, and the collection in it. */
  readonly parent: string;
  readonly collection: string;
  /** The query parameter with the new one's id, and the key of lists. */
  readonly idParameter: string;
  readonly listKey: string;
  readonly read: (body: JsonObject) => PoolContent;
  readonly check: (content: PoolContent) => void;
}

const kinds: readonly Kind[] = [
  {
    id: "workloadIdentityPools",
    permissions: "iam.workloadIdentityPools",
    parent: "projects/*/locations/*",
    collection: "workloadIdentityPools",
    idParameter: "workloadIdentityPoolId",
    listKey: "workloadIdentityPools",
    read: poolContent,
    check: () => undefined,
  },
  {
    id: "workloadIdentityPools.providers",
    permissions: "iam.workloadIdentityPoolProviders",
    parent: "projects/*/locations/*/workloadIdentityPools/*",
    collection: "providers",
    idParameter: "workloadIdentityPoolProviderId",
    listKey: "workloadIdentityPoolProviders",
    read: providerContent,
    check: checkProvider,
  },
];

const common = "iam.projects.locations";

/** Workload identity pools and providers: the part of `iam` version 1 that Google defines by discovery alone. */
export function poolMethods(host: Host): readonly RestMethod[] {
  const pools = poolsOf(host);
  return [
    ...kinds.flatMap((kind) => methodsOf(host, pools, kind)),
    ...kinds.map((kind): RestMethod => operationMethod(host, pools, kind)),
    {
      id: `${common}.workloadIdentityPools.listAttestationRules`,
      verb: "GET",
      path: "/v1/{resource=projects/*/locations/*/workloadIdentityPools/*}:listAttestationRules",
      permission: "iam.workloadIdentityPools.get",
      resource: ({ params }) => params.resource ?? "",
      handle: ({ params }) => {
        pools.mustBe(nameOf(host, params.resource));
        return {};
      },
    },
    ...missing.map(
      ([id, verb, path]): RestMethod => ({
        id: `${common}.${id}`,
        verb,
        path: `/v1/{name=projects/*/locations/*/workloadIdentityPools/*${path}`,
        permission: [],
        resource: () => "",
        handle: () => {
          throw new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${common}.${id}.`);
        },
      }),
    ),
  ];
}

const missing: readonly (readonly [id: string, verb: RestMethod["verb"], path: string])[] = [
  ["workloadIdentityPools.getIamPolicy", "POST", "}:getIamPolicy"],
  ["workloadIdentityPools.setIamPolicy", "POST", "}:setIamPolicy"],
  ["workloadIdentityPools.testIamPermissions", "POST", "}:testIamPermissions"],
  ["workloadIdentityPools.setAttestationRules", "POST", "}:setAttestationRules"],
  ["workloadIdentityPools.namespaces.list", "GET", "}/namespaces"],
  ["workloadIdentityPools.namespaces.create", "POST", "}/namespaces"],
  ["workloadIdentityPools.providers.keys.list", "GET", "/providers/*}/keys"],
  ["workloadIdentityPools.providers.keys.create", "POST", "/providers/*}/keys"],
];

function methodsOf(host: Host, pools: Pools, kind: Kind): readonly RestMethod[] {
  const { parent, collection, permissions } = kind;
  const pattern = `${parent}/${collection}/*`;
  const method = (
    verb: string,
    http: RestMethod["verb"],
    path: string,
    audit: AuditKind,
    handle: (request: RestRequest, name: string) => Json,
  ): RestMethod => ({
    id: `${common}.${kind.id}.${verb}`,
    verb: http,
    path: `/v1/${path}`,
    permission: `${permissions}.${verb === "patch" ? "update" : verb}`,
    resource: ({ params }) => params.name ?? params.parent ?? "",
    audit,
    handle: (request) => handle(request, nameOf(host, request.params.name ?? request.params.parent)),
  });
  const done = (name: string): Json => ({ name: pools.operation(numbered(host, name)) });
  const change = (name: string, to: (kept: Kept<PoolContent>) => Kept<PoolContent>): Json =>
    host.db.tx(() => {
      pools.put(to(pools.mustBe(name)));
      return done(name);
    });

  return [
    method("create", "POST", `{parent=${parent}}/${collection}`, "ADMIN_WRITE", ({ body, query }, parentName) => {
      const id = query.get(kind.idParameter) ?? "";
      checkPoolId(id, kind.idParameter);
      if (collection === "providers" && isGone(pools.mustBe(parentName))) throw deleted();
      const content = kind.read(body);
      kind.check(content);
      const name = `${parentName}/${collection}/${id}`;
      return host.db.tx(() => {
        if (!pools.insert(name, content)) throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
        return done(name);
      });
    }),
    method("get", "GET", `{name=${pattern}}`, "ADMIN_READ", (_, name) => show(host, pools.mustBe(name))),
    method("list", "GET", `{parent=${parent}}/${collection}`, "ADMIN_READ", ({ query }, parentName) => {
      if (collection === "providers") pools.mustBe(parentName);
      const scope = `${parentName}/${collection}`;
      const token = query.get("pageToken") ?? "";
      const after = token === "" ? "" : readPageToken(token, scope);
      const all = pools
        .list(parentName)
        .filter((kept) => kept.name > after && (query.get("showDeleted") === "true" || !isGone(kept)));
      const items = all.slice(0, Number(query.get("pageSize") ?? 0) || 50);
      const last = items.at(-1);
      return {
        ...(items.length === 0 ? {} : { [kind.listKey]: items.map((kept) => show(host, kept)) }),
        ...(last && items.length < all.length ? { nextPageToken: pageToken(last.name, scope) } : {}),
      };
    }),
    method("patch", "PATCH", `{name=${pattern}}`, "ADMIN_WRITE", ({ body, query }, name) =>
      change(name, (kept) => {
        if (isGone(kept)) throw deleted();
        const mask = query.get("updateMask") ?? "";
        if (mask === "") throw new RpcError("INVALID_ARGUMENT", "The update mask is required, and cannot be empty.");
        const content = masked(kept.content, kind.read(body), mask);
        kind.check(content);
        return { ...kept, content };
      }),
    ),
    method("delete", "DELETE", `{name=${pattern}}`, "ADMIN_WRITE", (_, name) =>
      change(name, (kept) => {
        if (isGone(kept)) throw deleted();
        return { ...kept, deletedMs: host.clock.now() };
      }),
    ),
    method("undelete", "POST", `{name=${pattern}}:undelete`, "ADMIN_WRITE", (_, name) =>
      change(name, ({ deletedMs, ...kept }) => {
        if (deletedMs === undefined) throw new RpcError("FAILED_PRECONDITION", "The resource is not deleted.");
        return kept;
      }),
    ),
  ];
}

function operationMethod(host: Host, pools: Pools, kind: Kind): RestMethod {
  return {
    id: `${common}.${kind.id}.operations.get`,
    verb: "GET",
    path: `/v1/{name=${kind.parent}/${kind.collection}/*/operations/*}`,
    permission: `${kind.permissions}.get`,
    resource: ({ params }) => params.name?.split("/operations/")[0] ?? "",
    handle: ({ params }) => {
      const name = numbered(host, nameOf(host, params.name));
      if (!pools.hasOperation(name)) throw new RpcError("NOT_FOUND", "Requested entity was not found.");
      return { name, done: true };
    },
  };
}

/** With the project's id. Throws for a location other than `global`. */
function nameOf(host: Host, given = ""): string {
  const location = given.split("/")[3];
  if (location !== "global")
    throw new RpcError("INVALID_ARGUMENT", `Invalid location: ${location}. It must be global.`);
  return host.projects.canonical(given);
}

/** With the project's number, as Google gives these names. */
export function numbered(host: Host, name: string): string {
  const [projects, id = "", ...rest] = name.split("/");
  return [projects, host.projects.get(id)?.number ?? id, ...rest].join("/");
}

function isGone({ deletedMs }: Kept<PoolContent>): boolean {
  return deletedMs !== undefined;
}

function deleted(): RpcError {
  return new RpcError("FAILED_PRECONDITION", "The resource is deleted: undelete it first.");
}

function show(host: Host, { name, content, deletedMs }: Kept<PoolContent>): Json {
  return {
    name: numbered(host, name),
    ...(content as JsonObject),
    state: deletedMs === undefined ? "ACTIVE" : "DELETED",
    ...(deletedMs === undefined ? {} : { expireTime: new Date(deletedMs + heldMs).toISOString() }),
  };
}
