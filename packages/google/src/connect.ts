import { type Clock, systemClock } from "@aloft/kit/clock";
import { Failure, messageOf } from "@aloft/kit/failure";
import { retry } from "@aloft/kit/retry";
import { applicationDefault } from "./adc.ts";
import { askedDelayMs, decodeError } from "./decode.ts";
import { type ApiCall, type Google, GoogleError } from "./google.ts";
import { hostsOf } from "./hosts.ts";
import { waitFor } from "./wait.ts";

export interface Credentials {
  /** A valid access token; caching is the giver's. */
  token(): Promise<string>;
  idToken?(audience: string): Promise<string>;
  /** The project that pays for quota (`x-goog-user-project`), where the caller must name one. */
  quotaProject?(): Promise<string | undefined>;
}

export interface ConnectOptions {
  readonly project: string;
  /** `http://127.0.0.1:4510`: every Google host is a path prefix of it. Absent: Google itself. */
  readonly origin?: string;
  /** Application Default Credentials by default. */
  readonly credentials?: Credentials | (() => Promise<string>);
  readonly clock?: Clock;
  readonly fetch?: typeof globalThis.fetch;
}

const tries = 5;
/** How long an API that was just enabled may still answer SERVICE_DISABLED. */
const enablingMs = 5 * 60_000;
const answerMs = 60_000;
/** Quotas are by the minute: after two there is no use in waiting. */
const quotaMs = 2 * 60_000;

type Query = NonNullable<ApiCall["query"]>;

function search(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(name, String(item));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** Too much in this minute, and not too much for good (as many service accounts as a project may have is 429 too). */
const isRateLimit = ({ status, reason, message }: GoogleError): boolean =>
  status === 429 && (reason === "RATE_LIMIT_EXCEEDED" || /per minute/i.test(message));

/** A connection for one project. Nothing is sent before the first call. */
export function connect(options: ConnectOptions): Google {
  const { project } = options;
  const clock = options.clock ?? systemClock;
  const send = options.fetch ?? globalThis.fetch;
  const hosts = hostsOf(options.origin);
  const given = options.credentials ?? applicationDefault(project);
  const credentials: Credentials = typeof given === "function" ? { token: given } : given;
  const enabledAt = new Map<string, number>();

  async function once<T>(call: ApiCall): Promise<T> {
    const verb = call.verb ?? "GET";
    const host = `${call.api}.googleapis.com`;
    const name = `${verb} ${host}/${call.path}`;
    const quotaProject = await credentials.quotaProject?.();
    const headers: Record<string, string> = { accept: "application/json" };
    headers.authorization = `Bearer ${await credentials.token()}`;
    if (quotaProject !== undefined) headers["x-goog-user-project"] = quotaProject;
    if (call.body !== undefined) headers["content-type"] = "application/json";
    const timeout = AbortSignal.timeout(answerMs);
    let response: Response;
    let text: string;
    try {
      response = await send(`${hosts.base(host)}/${call.path}${search(call.query)}`, {
        method: verb,
        headers,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      });
      text = await response.text();
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw unreachable(host, name, cause);
    }
    if (!response.ok) {
      const error = decodeError(response.status, text, name);
      const delayMs = askedDelayMs(response.headers.get("retry-after"), error.details);
      if (delayMs !== undefined) asked.set(error, delayMs);
      throw error;
    }
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  const asked = new WeakMap<GoogleError, number>();

  function unreachable(host: string, call: string, cause: unknown): GoogleError {
    const inner = cause instanceof Error ? (cause.cause as { code?: string } | undefined) : undefined;
    return new GoogleError({
      status: 0,
      code: "UNAVAILABLE",
      reason: inner?.code ?? "NETWORK",
      message: `${host} cannot be reached: ${inner?.code ?? messageOf(cause)}`,
      call,
      cause,
    });
  }

  /** Nobody listens where the local cloud should be: another try in a second finds the same. */
  const hopeless = (error: GoogleError): boolean => options.origin !== undefined && error.reason === "ECONNREFUSED";

  function retryable(call: ApiCall, thrown: unknown): boolean | number {
    if (!(thrown instanceof GoogleError) || hopeless(thrown)) return false;
    const delayMs = asked.get(thrown);
    if (thrown.status === 429) return delayMs ?? true;
    const safe = call.idempotent ?? (call.verb === undefined || ["GET", "PUT", "DELETE"].includes(call.verb));
    const passing = thrown.status === 0 || [500, 502, 503, 504].includes(thrown.status);
    return safe && passing ? (delayMs ?? true) : false;
  }

  const patient = <T>(call: ApiCall): Promise<T> =>
    retry(() => once<T>(call), {
      tries,
      firstDelayMs: 250,
      maxDelayMs: 8000,
      retryable: (thrown) => retryable(call, thrown),
      clock,
      ...(call.signal ? { signal: call.signal } : {}),
    });

  /** An API is on or off in a project: the one that the path names. */
  const enabledKey = (name: string, { path }: ApiCall): string =>
    `${/(?:^|\/)projects\/([^/]+)/.exec(path)?.[1] ?? project} ${name}`;

  const stillEnabling = (call: ApiCall, thrown: unknown): boolean =>
    thrown instanceof GoogleError &&
    thrown.reason === "SERVICE_DISABLED" &&
    clock.now() - (enabledAt.get(enabledKey(`${call.api}.googleapis.com`, call)) ?? Number.NEGATIVE_INFINITY) <
      enablingMs;

  function noteEnabled(call: ApiCall): void {
    if (call.api !== "serviceusage" || call.verb !== "POST") return;
    const one = /\/services\/([^/:]+):enable$/.exec(call.path)?.[1];
    const many = (call.body as { serviceIds?: readonly string[] } | undefined)?.serviceIds ?? [];
    for (const name of one === undefined ? many : [one]) enabledAt.set(enabledKey(name, call), clock.now());
  }

  const states = new Map<string, Promise<boolean>>();

  /** Whether Service Usage has the API of a call on, asked once: then a SERVICE_DISABLED is only late. */
  function isOn(call: ApiCall, key: string): Promise<boolean> {
    const [id = project, name = ""] = key.split(" ");
    const path = `v1/projects/${id}/services/${name}`;
    const signal = call.signal ? { signal: call.signal } : {};
    const asked =
      states.get(key) ??
      patient<{ state?: string }>({ api: "serviceusage", path, ...signal }).then(
        ({ state }) => state === "ENABLED",
        () => false,
      );
    states.set(key, asked);
    return asked;
  }

  async function noteLate(call: ApiCall, thrown: unknown): Promise<void> {
    if (!(thrown instanceof GoogleError) || thrown.reason !== "SERVICE_DISABLED" || call.api === "serviceusage") return;
    // Who names no project that pays is told the same of a project of Google's own.
    if (/quota project/i.test(thrown.message)) return;
    const key = enabledKey(`${call.api}.googleapis.com`, call);
    if (!enabledAt.has(key) && (await isOn(call, key))) enabledAt.set(key, clock.now());
  }

  const noting = async <T>(call: ApiCall): Promise<T> => {
    try {
      return await patient<T>(call);
    } catch (thrown) {
      await noteLate(call, thrown);
      throw thrown;
    }
  };

  async function request<T>(call: ApiCall): Promise<T> {
    const untilMs = clock.now() + quotaMs;
    const overQuota = (thrown: unknown): boolean =>
      thrown instanceof GoogleError && isRateLimit(thrown) && clock.now() < untilMs;
    const answer = await retry(() => noting<T>(call), {
      tries: Number.POSITIVE_INFINITY,
      firstDelayMs: 500,
      maxDelayMs: 10_000,
      retryable: (thrown) => stillEnabling(call, thrown) || overQuota(thrown),
      onRetry: (thrown) => {
        const host = `${call.api}.googleapis.com`;
        const late = stillEnabling(call, thrown)
          ? `${host}, which was switched on a moment ago`
          : `the quota of ${host}`;
        call.onWait?.(`waiting for ${late}`);
      },
      clock,
      ...(call.signal ? { signal: call.signal } : {}),
    });
    noteEnabled(call);
    return answer;
  }

  return {
    project,
    request,
    list: async <T>(call: ApiCall, items: string): Promise<T[]> => {
      const all: T[] = [];
      for (let pageToken: string | undefined; ; ) {
        const query = { ...call.query, pageToken };
        const page = await request<Record<string, unknown> & { nextPageToken?: string }>({ ...call, query });
        all.push(...((page[items] as T[] | undefined) ?? []));
        pageToken = page.nextPageToken;
        if (pageToken === undefined || pageToken === "") return all;
      }
    },
    wait: (operation, waitOptions) => waitFor(operation, waitOptions, request, clock),
    token: () => credentials.token(),
    idToken: async (audience) => {
      if (credentials.idToken) return credentials.idToken(audience);
      throw new Failure({ code: "CREDENTIALS_MISSING", what: `These credentials make no ID token for ${audience}.` });
    },
    base: hosts.base,
    fetch: (url, init) => send(hosts.route(url), init),
  };
}
