import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { DescMessage, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { HttpSurface, JsonObject, Principal } from "./service.ts";

/** What every service gets: the cloud's parts, each behind an interface. */
export interface Host {
  readonly clock: MovableClock;
  readonly ids: Ids;
  /** The state folder; undefined when the cloud lives in memory alone. Files of a service go under `files(name)`. */
  readonly dir: string | undefined;
  /** A folder of this name in the state folder (or in a temporary one that goes with the cloud), made if missing. */
  files(name: string): string;
  readonly db: Database;
  readonly vault: Vault;
  readonly schemas: Schemas;
  readonly projects: Projects;
  readonly iam: Iam;
  readonly tokens: Tokens;
  readonly operations: Operations;
  readonly logs: Logs;
  /** Calls an API from inside, through the same chain (identity, enabled, permission, audit) as from outside. */
  readonly call: InternalCall;
  /** The cloud's own address for children: `http://127.0.0.1:4510`. Known once it listens. */
  address(): string;
  /** Adds an HTTP surface; the doors ask them before the APIs. */
  surface(surface: HttpSurface): void;
  /** One value per cloud and key, made at first use: how services share what is not stored (`machines`, the registry). */
  shared<T>(key: string, make: () => T): T;
  /** Says what a user of the local cloud should know once (what is accepted and ignored, what runs plainly). */
  note(topic: string, text: string): void;
}

export interface Database {
  readonly sql: DatabaseSync;
  /** A prepared statement, kept. */
  prepare(sql: string): StatementSync;
  /** Runs `work` in a write transaction (nested: joins the outer one); rolls back when it throws. Synchronous only. */
  tx<T>(work: () => T): T;
  /**
   * Runs `work`, the transactions in it as one: each undoes its own writes alone when it throws, and when this returns
   * they are kept. It throws where they cannot be, and then none is. Synchronous only.
   */
  together<T>(work: () => T): T;
  /** Called after a transaction (or a nested one) was undone: what is kept in memory of its writes is no longer true. */
  onRollback(listener: () => void): void;
  /** Creates what is missing: `CREATE TABLE IF NOT EXISTS …`. Each service calls it once for its tables. */
  define(schema: string): void;
}

/** Secret payloads at rest: AES-256-GCM with the key file of mode 0600 in the state folder. */
export interface Vault {
  /** `context` is bound to the ciphertext: the same must be given to open it. */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** Throws `Failure` STATE_CORRUPT when it is not what `seal` made. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** Message types by full name, loaded with their API's descriptor set. */
export interface Schemas {
  /** `schemas.message<typeof SecretSchema>("google.cloud.secretmanager.v1.Secret")`; throws on an unknown name. */
  message<S extends DescMessage = GenMessage<Message>>(typeName: string): S;
  create<S extends DescMessage>(schema: S, init?: MessageInitShape<S>): MessageShape<S>;
  encode<S extends DescMessage>(schema: S, message: MessageShape<S>): Uint8Array;
  decode<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S>;
  clone<S extends DescMessage>(schema: S, message: MessageShape<S>): MessageShape<S>;
}

export interface Project {
  readonly id: string;
  /** Decimal, e.g. `123456789012`. */
  readonly number: string;
}

export interface Projects {
  /** By id or number; undefined when there is none. */
  get(idOrNumber: string): Project | undefined;
  list(): readonly Project[];
  /** Makes it (with the default compute service account's e-mail reserved) when it is unknown. */
  ensure(id: string, number?: string): Project;
  enabled(projectId: string, api: string): boolean;
  setEnabled(projectId: string, api: string, on: boolean): void;
  enabledApis(projectId: string): readonly string[];
  /** `projects/123/secrets/s` → `projects/my-project/secrets/s`; names without a project stay. */
  canonical(name: string): string;
}

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: { readonly expression: string; readonly title?: string; readonly description?: string };
}

export interface AuditConfig {
  readonly service: string;
  readonly auditLogConfigs: readonly { readonly logType: string; readonly exemptedMembers?: readonly string[] }[];
}

export interface Policy {
  /** 1, or 3 with conditions. */
  readonly version: number;
  readonly bindings: readonly Binding[];
  readonly auditConfigs?: readonly AuditConfig[];
  /** Base64 as on the wire. */
  readonly etag: string;
}

export interface Iam {
  /** The policy set on this resource itself (canonical relative name, prefixed by its API: `run.googleapis.com/projects/…`; projects have no prefix). */
  policy(resource: string): Policy;
  /** Stores it. Throws ABORTED when an etag is given and is not the present one, INVALID_ARGUMENT for members or roles that Google refuses. */
  setPolicy(resource: string, policy: Omit<Policy, "etag"> & { readonly etag?: string }): Policy;
  removePolicies(resourcePrefix: string): void;
  /** Whether the caller holds the permission on the resource (canonical, with API) or an ancestor of it. */
  allowed(caller: Principal, permission: string, resource: string): boolean;
  /** The truth in every mode, for `testIamPermissions`; `allowed` lets everything through in `explain` and `off`. */
  holds(caller: Principal, permission: string, resource: string): boolean;
  /**
   * Throws PERMISSION_DENIED in Google's words when not allowed (mode enforce). `attributes` are what conditions ask
   * by `api.getAttribute`.
   */
  require(
    caller: Principal,
    permissions: readonly string[],
    resource: string,
    attributes?: Readonly<Record<string, readonly string[]>>,
  ): void;
  /** A predefined role that holds all these permissions, the smallest; undefined when none does. */
  leastRole(permissions: readonly string[]): string | undefined;
  readonly mode: "enforce" | "explain" | "off";
}

export interface TokenGrant {
  readonly principal: Principal;
  readonly scopes?: readonly string[];
  /** Seconds, 3600 by default. */
  readonly lifetimeS?: number;
}

export interface Tokens {
  /** An opaque OAuth access token (`ya29.…`). Survives a restart of the cloud. */
  access(grant: TokenGrant): { readonly token: string; readonly expiresAtMs: number };
  /** An OIDC ID token, RS256, `iss` https://accounts.google.com, verifiable by the JWKS that the cloud serves. */
  id(grant: {
    readonly principal: Principal;
    readonly audience: string;
    readonly includeEmail?: boolean;
    readonly lifetimeS?: number;
  }): Promise<string>;
  /** Who an access token stands for; undefined when it is malformed, not ours, or expired. */
  verifyAccess(token: string): Principal | undefined;
  /** The claims of a valid ID token of ours; a reason otherwise. Audience is the caller's to check. */
  verifyId(token: string): Promise<{ readonly claims: JsonObject } | { readonly invalid: string }>;
  /** Public keys, as `https://www.googleapis.com/oauth2/v3/certs`. */
  jwks(): Promise<JsonObject>;
}

export interface OperationStart<R extends DescMessage, M extends DescMessage> {
  readonly api: string;
  /** `projects/p/locations/r`: the name becomes `PARENT/operations/ID`. Empty: `operations/ID`. */
  readonly parent: string;
  /** The last part of its name; made up when absent. */
  readonly id?: string;
  /** Resource the operation works on, for resume and permission checks. */
  readonly target: string;
  readonly response: R;
  readonly metadata?: { readonly schema: M; readonly value: MessageInitShape<M> };
}

/** A running operation, from the side of the service that works on it. Everything is stored at once. */
export interface OperationHandle<R extends DescMessage, M extends DescMessage> {
  readonly name: string;
  metadata(value: MessageInitShape<M>): void;
  succeed(response: MessageInitShape<R>): void;
  /** An `RpcError`, or anything (then INTERNAL). */
  fail(error: unknown): void;
}

export interface Operations {
  start<R extends DescMessage, M extends DescMessage>(init: OperationStart<R, M>): OperationHandle<R, M>;
  /** The handle of a pending operation after a restart; undefined when it is done or unknown. */
  pending<R extends DescMessage, M extends DescMessage>(
    name: string,
    response: R,
    metadata?: M,
  ): OperationHandle<R, M> | undefined;
  /** Names of pending operations on this API, oldest first: what `resume` goes through. */
  unfinished(api: string): readonly { readonly name: string; readonly target: string }[];
  /** The operation as a `google.longrunning.Operation`, for a method's answer. */
  message(name: string): Message;
  /** Resolves when it is done (or the signal aborts). */
  done(name: string, signal?: AbortSignal): Promise<void>;
}

export interface LogEntry {
  /** `projects/p/logs/run.googleapis.com%2Fstdout` */
  readonly logName: string;
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly severity?: string;
  /** Milliseconds; the clock's now by default. */
  readonly timeMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly textPayload?: string;
  readonly jsonPayload?: JsonObject;
  /** With `@type`. */
  readonly protoPayload?: JsonObject;
  readonly httpRequest?: JsonObject;
  readonly trace?: string;
  readonly spanId?: string;
  readonly traceSampled?: boolean;
  readonly operation?: JsonObject;
  readonly sourceLocation?: JsonObject;
  readonly insertId?: string;
}

export interface Logs {
  /** Queued and written in batches; `flush` (and every read) writes what is queued. */
  write(entry: LogEntry): void;
  flush(): void;
}

/** `call("google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion", { name }, principal)`; throws `RpcError`. */
export type InternalCall = <O extends Message = Message>(method: string, request: object, as: Principal) => Promise<O>;
