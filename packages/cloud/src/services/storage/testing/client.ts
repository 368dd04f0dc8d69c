import type { Answered } from "../../../chain/testing/rest.ts";
import type { Cloud } from "../../../cloud.ts";

export interface StorageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; asked for only where it is. */
  readonly body: Answered;
}

export interface CallOptions {
  /** JSON, unless it is text or bytes. */
  readonly body?: unknown;
  /** `""`: nobody. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls Cloud Storage at the root of the cloud's port, as clients of emulators do, or at a whole URL. */
export function storageClient(cloud: () => Cloud) {
  return async (verb: string, path: string, options: CallOptions = {}): Promise<StorageAnswer> => {
    const { body, as, headers } = options;
    const plain = typeof body === "string" || body instanceof Uint8Array;
    const answer = await fetch(path.startsWith("http") ? path : `${cloud().url}${path}`, {
      method: verb,
      headers: {
        ...(as === "" ? {} : { authorization: `Bearer ${cloud().token(as)}` }),
        ...(body === undefined || plain ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: plain ? (body as string) : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      get body() {
        return JSON.parse(text) as Answered;
      },
    };
  };
}

export const uniform = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
