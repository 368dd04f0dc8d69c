/** A connection to Google's HTTP APIs for one project, with one identity. `local` differs by hosts and credentials alone. */
export interface Google {
  readonly project: string;
  /** One call. Retries what is safe to retry. Throws `GoogleError`. */
  request<T = unknown>(call: ApiCall): Promise<T>;
  /** All pages of a list, `items` being the array's key in the answer. */
  list<T = unknown>(call: ApiCall, items: string): Promise<T[]>;
  /** Polls a long-running operation to its end and answers its response; its error is thrown as `GoogleError`. */
  wait<T = unknown>(operation: LongRunning, options: WaitOptions): Promise<T>;
  /** A bearer token of this identity. */
  token(): Promise<string>;
  /** An ID token of this identity for a private service, where it can have one. */
  idToken(audience: string): Promise<string>;
  /** The base URL of an API host: `https://run.googleapis.com`, or under the local cloud `http://127.0.0.1:4510/run.googleapis.com`. */
  base(host: string): string;
  /** Plain fetch to any Google host (a service's URL, the registry) by way of `base`. No retries, no token added. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

export interface ApiCall {
  /** `run`, `secretmanager`: the host is `<api>.googleapis.com`. */
  readonly api: string;
  /** With its version: `v2/projects/p/locations/r/services`. */
  readonly path: string;
  /** `GET` by default. */
  readonly verb?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
  /** Retried also where the verb alone does not allow it (a POST that is idempotent by its id). */
  readonly idempotent?: boolean;
  /** Told why it takes longer, as often as it is tried again: `waiting for run.googleapis.com to be switched on`. */
  readonly onWait?: (why: string) => void;
  readonly signal?: AbortSignal;
}

export interface LongRunning {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code: number; readonly message: string; readonly details?: readonly unknown[] };
  readonly response?: unknown;
  readonly metadata?: unknown;
}

export interface WaitOptions {
  readonly api: string;
  /** `v2`: the operation is polled at `<version>/<name>`. */
  readonly version: string;
  readonly onProgress?: (operation: LongRunning) => void;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** An error that a Google API answered with (or the network's, then status 0). Never holds a request's body. */
export class GoogleError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** `google.rpc.Code` name: `NOT_FOUND`. */
  readonly code: string;
  /** `ErrorInfo.reason`: `SERVICE_DISABLED`, `IAM_PERMISSION_DENIED`. */
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly details: readonly unknown[];
  /** `GET run.googleapis.com/v2/…`. */
  readonly call: string;

  constructor(init: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly reason?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly details?: readonly unknown[];
    readonly call: string;
    readonly cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "GoogleError";
    this.status = init.status;
    this.code = init.code;
    this.reason = init.reason;
    this.metadata = init.metadata ?? {};
    this.details = init.details ?? [];
    this.call = init.call;
  }
}
