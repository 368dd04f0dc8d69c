import { JobRefused } from "@aloft/runtime/jobs";
import { retry } from "@aloft/runtime/retry";
import { type Redacted, redactor } from "@aloft/runtime/secrets";

/** A call to a provider's HTTP API. */
export interface ProviderCall {
  /** For messages: `Gemini`. */
  readonly provider: string;
  readonly url: string;
  readonly method?: "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** The key in it: taken out of whatever the provider answers. */
  readonly key: Redacted<string>;
  readonly signal: AbortSignal;
  /** Of one try. A minute by default. */
  readonly timeoutMs?: number;
}

/** A provider that failed, in words for people. Never holds a key, a header or what we sent. */
export class ProviderError extends Error {
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.name = "ProviderError";
    this.status = status;
  }
}

/**
 * Calls a provider, three times at most while it is overloaded or away. Throws `ProviderError`; for what no later try of the
 * job can help (a wrong key, a request it refuses) `JobRefused`.
 */
export async function callProvider(call: ProviderCall): Promise<Response> {
  try {
    return await retry(() => once(call), {
      tries: 3,
      firstDelayMs: 1000,
      maxDelayMs: 8000,
      signal: call.signal,
      retryable: (thrown) => thrown instanceof ProviderError && isPassing(thrown.status),
    });
  } catch (thrown) {
    if (thrown instanceof ProviderError && !isPassing(thrown.status)) throw new JobRefused(thrown.message);
    throw thrown;
  }
}

/** The same, for an answer in JSON. */
export async function callProviderJson(call: ProviderCall): Promise<unknown> {
  const answer = await callProvider(call);
  try {
    return await answer.json();
  } catch {
    throw new ProviderError(`${call.provider} answered something that is not JSON`, answer.status);
  }
}

async function once(call: ProviderCall): Promise<Response> {
  const hide = redactor([call.key.reveal()]);
  let answer: Response;
  try {
    answer = await fetch(call.url, {
      method: call.method ?? "POST",
      headers: call.headers,
      body: call.body,
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs ?? 60_000)]),
    });
  } catch (thrown) {
    call.signal.throwIfAborted();
    const late = thrown instanceof Error && thrown.name === "TimeoutError";
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : "no connection";
    throw new ProviderError(
      `${call.provider} ${late ? "did not answer in time" : `cannot be reached: ${hide(cause)}`}`,
      0,
    );
  }
  if (answer.ok) return answer;
  const said = hide(saying(await answer.text().catch(() => "")));
  const why = answer.status === 401 || answer.status === 403 ? "refused the key" : `answered ${answer.status}`;
  throw new ProviderError(`${call.provider} ${why}${said ? `: ${said}` : ""}`, answer.status);
}

function isPassing(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/** The message in an error's body, as the providers write it: `{"error":{"message"}}`, `{"message"}`, `{"detail"}`. */
function saying(body: string): string {
  let text = body;
  try {
    const { error, message, detail } = JSON.parse(body) as Record<string, unknown>;
    const found = [message, detail, error].find((part) => typeof part === "string");
    const inside = [error, detail].find((part) => typeof part === "object" && part !== null) as
      | { readonly message?: unknown }
      | undefined;
    text = String(found ?? inside?.message ?? "");
  } catch {
    // Not JSON: shown as it is.
  }
  return text.replace(/\s+/g, " ").trim().slice(0, 200);
}
