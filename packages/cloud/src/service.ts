import type { IncomingMessage, ServerResponse } from "node:http";
import type { DescMessage, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import type { Host } from "./host.ts";
import type { RpcError } from "./wire/rpc-error.ts";

/**
 * One API of the local cloud: a value in the list `services/index.ts`. Its folder has `index.ts` (this value),
 * `rules.ts` (pure: names, limits, defaults, state changes), `store.ts` (SQL), `rpc.ts` (parse, rules, store, answer).
 */
export interface CloudService {
  /** The API's name and default host: `secretmanager.googleapis.com`. Regional hosts (`REGION-…`) are understood. */
  readonly api: string;
  /** As in SERVICE_DISABLED: `Secret Manager API`. */
  readonly title: string;
  /** The set under `gen/` (without `.binpb`), loaded at the API's first call. None where Google publishes no proto. */
  readonly descriptors?: string;
  /** Callable in a project that has not enabled it (Service Usage, OAuth, metadata: what has no switch). */
  readonly alwaysOn?: boolean;
  /** Makes the handlers, once, at the API's first call. */
  create(host: Host): ServiceParts | Promise<ServiceParts>;
  /** At the cloud's start: brings back what was running. Must be cheap where there is nothing. */
  resume?(host: Host): Promise<void>;
  /** At the cloud's stop: ends what it started, nothing is left running. */
  close?(host: Host): Promise<void>;
  /** What the cloud's status tells of it: what runs, and how. */
  status?(host: Host): ServiceStatus | Promise<ServiceStatus>;
}

export interface ServiceStatus {
  /** `{ service, url?, localUrl?, revisions, instances }` */
  readonly running?: readonly object[];
  /** How instances are run here, and why so. */
  readonly isolation?: object;
}

export interface ServiceParts {
  /** From Google's protos: gRPC, and REST by their `google.api.http` bindings. */
  readonly rpc?: readonly RpcService[];
  /** From Google's discovery documents: REST only, JSON in and out. */
  readonly rest?: readonly RestMethod[];
  /** Methods whose bodies stream, or are no JSON: media, XML. */
  readonly raw?: readonly RawMethod[];
  /** How its errors are written over REST, where that is not as `google.rpc.Status` (APIs older than it). */
  readonly errors?: (error: RpcError, at: RestPlace) => ErrorAnswer;
  /** Versions whose REST surface is the same as another's: `/v1beta1/…` for each `/v1/…`. */
  readonly versions?: { readonly of: string; readonly also: readonly string[] };
  /** How an answer of a proto's method looks over REST, where that is not quite proto3 JSON. `path` is the one called. */
  readonly answers?: (answer: Json, typeName: string, path: string) => Json;
  /** Who calls over REST, where a token is not the only way to say so: nobody at all, a signature in the query. */
  readonly identify?: (request: RawRequest & RestPlace, byToken: () => Principal) => Principal | Promise<Principal>;
  /**
   * Where the API serves `google.longrunning.Operations`: REST name patterns, e.g.
   * `{ version: "v2", names: ["projects/*\/locations/*\/operations/*"] }`; gRPC needs none.
   */
  readonly operations?: {
    readonly version: string;
    readonly names: readonly string[];
    /** Operations are answered under their project's number. */
    readonly numbered?: boolean;
  };
  /** Serves `google.cloud.location.Locations` under this version (`v1`): the local regions. */
  readonly locations?: {
    readonly version: string;
    /** Older versions under which clients still ask for them. */
    readonly also?: readonly string[];
  };
}

/** How audit logs class a call, as Google's: Admin Activity is always written, Data Access where `auditConfigs` ask. */
export type AuditKind = "ADMIN_WRITE" | "ADMIN_READ" | "DATA_READ" | "DATA_WRITE";

/** Who may call a method, on what. Checked by the chain before the handler runs. */
export interface Access<I> {
  /** What the caller needs: `secretmanager.versions.access`. `[]`: any authenticated caller. Several: all of them. */
  readonly permission: string | readonly string[] | ((request: I) => string | readonly string[]);
  /**
   * The relative name that the permission is checked on and the audit log names: `projects/p/secrets/s`. Policies of the
   * name and of every prefix that is a resource count, up to `projects/p`. A project number stands for its id.
   */
  readonly resource: (request: I) => string;
  readonly audit?: AuditKind;
  /** What else than a policy lets the caller in: access control lists. Asked before the policies, for each permission. */
  readonly grants?: (request: I, permission: string, caller: Principal) => boolean;
}

export interface Method<I extends DescMessage, O extends DescMessage> extends Access<MessageShape<I>> {
  /** The answer as a message or the init of one. Throws `RpcError`. May be synchronous: the fast path stays so. */
  readonly handle: (request: MessageShape<I>, call: Call) => MessageInitShape<O> | Promise<MessageInitShape<O>>;
}

/** Server streaming (`TailLogEntries` is bidirectional: the first request opens it, later ones come by `requests`). */
export interface StreamMethod<I extends DescMessage, O extends DescMessage> extends Access<MessageShape<I>> {
  readonly stream: (
    request: MessageShape<I>,
    call: Call,
    requests: AsyncIterable<MessageShape<I>>,
  ) => AsyncIterable<MessageInitShape<O>>;
}

type MethodOf<M> = M extends {
  methodKind: "unary";
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? Method<I, O>
  : M extends { input: infer I extends DescMessage; output: infer O extends DescMessage }
    ? StreamMethod<I, O>
    : never;

type ShapeOf<S> = S extends GenService<infer R> ? R : never;

/** The methods a service has, by the proto's local names (`createSecret`). What is missing answers UNIMPLEMENTED. */
export type Methods<S> = { readonly [K in keyof ShapeOf<S>]?: MethodOf<ShapeOf<S>[K]> };

export interface RpcService {
  /** `google.cloud.secretmanager.v1.SecretManagerService` */
  readonly typeName: string;
  readonly methods: Readonly<Record<string, AnyMethod | undefined>>;
}

/** A method with its types forgotten: what the wire and the chain handle. */
export interface AnyMethod extends Access<Message> {
  readonly handle?: (request: Message, call: Call) => unknown;
  readonly stream?: (request: Message, call: Call, requests: AsyncIterable<Message>) => AsyncIterable<unknown>;
}

/** `rpc<typeof SecretManagerService>("google.cloud.secretmanager.v1.SecretManagerService", { … })`, types by `import type`. */
export function rpc<S>(typeName: string, methods: Methods<S>): RpcService {
  return { typeName, methods: methods as unknown as RpcService["methods"] };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

export interface RestRequest {
  /** Of the path's `{braces}`, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** `{}` where there was none. */
  readonly body: JsonObject;
  /** The region of the host that was called, where it had one: what tells the region of a Knative path. */
  readonly hostRegion?: string;
  /** The client asked for enums as numbers (`$alt=json;enum-encoding=int`). */
  readonly enumAsInteger?: boolean;
}

/** A method of an API that Google defines by a discovery document, or one whose JSON is not its message's. */
export interface RestMethod extends Access<RestRequest> {
  /** As in discovery and audit logs: `cloudresourcemanager.projects.getIamPolicy`. */
  readonly id: string;
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/v1/projects/{projectId}:getIamPolicy`; `{name=projects/*\/secrets/*}` and `{name=**}` as in `google.api.http`. */
  readonly path: string;
  /** `undefined` is answered as 204 without a body. */
  readonly handle: (request: RestRequest, call: Call) => Json | undefined | Promise<Json | undefined>;
}

/** Where a REST request went: the verb, and the path as it was sent, without its query. */
export interface RestPlace {
  readonly verb: string;
  readonly path: string;
}

/** A request whose body was not read: `body` is empty, `query` is whole. */
export interface RawRequest extends RestRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The two ends of a request, for a method that reads and writes at its own pace. */
export interface Exchange extends RestPlace {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** A method whose request or answer streams, or is no JSON. It takes the same way through the chain as any other. */
export interface RawMethod extends Access<RawRequest> {
  readonly id: string;
  readonly verb: RestMethod["verb"] | "HEAD";
  readonly path: string;
  /** Writes the answer, and resolves when it is written. What it throws before that is answered as an error. */
  readonly stream: (request: RawRequest, call: Call, exchange: Exchange) => void | Promise<void>;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text with its own `content-type` in the headers; none for 304. */
  readonly body?: Json;
}

/** What a handler knows about its call. */
export interface Call {
  readonly host: Host;
  readonly caller: Principal;
  /** The API called: `run.googleapis.com`. */
  readonly api: string;
  /** `google.cloud.run.v2.Services.CreateService`, or a discovery id. */
  readonly method: string;
  /** The API host's region, where it had one (`us-central1-run.googleapis.com`). */
  readonly hostRegion?: string;
  /** Over REST, from a client that asked for enums as their names: any but the official generated ones. */
  readonly plainJson?: boolean;
  /** Lower-case request headers (gRPC metadata). */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Aborted when the client goes away or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Who is calling. */
export interface Principal {
  readonly kind: "user" | "serviceAccount" | "federated" | "anonymous";
  /** `you@local.aloft`, a service account's e-mail; for a federated identity its `principal://…` name; `""` for anonymous. */
  readonly email: string;
  readonly uniqueId?: string;
  /** The chain of delegation, first the original caller, when a service account was impersonated. */
  readonly delegation?: readonly string[];
  /** A person by application default credentials: their calls must name the project that pays (`x-goog-user-project`). */
  readonly byDefaultCredentials?: true;
  /** `principalSet://…` and other names this caller also goes by. */
  readonly sets?: readonly string[];
}

/**
 * An HTTP surface that is no Google API with JSON: the docker registry, the OAuth token endpoint, `*.run.app`. It is
 * found by host and does its own checking of callers.
 */
export interface HttpSurface {
  /** Whether this surface answers for the host (lower case, without port): `us-central1-docker.pkg.dev`. */
  readonly serves: (hostname: string) => boolean;
  readonly handle: (
    req: IncomingMessage,
    res: ServerResponse,
    at: { readonly host: string; readonly path: string },
  ) => void | Promise<void>;
  /** For WebSocket and the like; absent: an upgrade is refused. */
  readonly upgrade?: (
    req: IncomingMessage,
    socket: import("node:stream").Duplex,
    head: Buffer,
    at: { readonly host: string; readonly path: string },
  ) => void;
}
