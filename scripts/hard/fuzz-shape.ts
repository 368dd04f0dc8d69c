import type { Http1Answer } from "./fuzz-http1.ts";

/** What is wrong with an answer as an error of Google's; undefined when nothing is, or it is no error. */
export function misshapen(answer: Http1Answer, verb: string): string | undefined {
  const { status, headers, body } = answer;
  if (status < 400) return undefined;
  if (status === 500) return `500 ${body.toString("utf8", 0, 200)}`;
  if (verb === "HEAD" && body.length === 0) return undefined;
  const text = body.toString("utf8");
  const type = headers["content-type"] ?? "";
  if (/xml/.test(type))
    return /^<\?xml[^>]*\?><Error>.*<Code>\w+<\/Code>/s.test(text) ? undefined : short(status, text);
  if (/^text\/(html|plain)/.test(type)) return text.trim() === "" ? short(status, text) : undefined;
  try {
    const parsed = JSON.parse(text) as { error?: unknown; errors?: unknown };
    if (Array.isArray(parsed.errors) && typeof parsed.errors[0]?.code === "string") return undefined;
    if (typeof parsed.error === "string") return undefined;
    const error = parsed.error as { code?: unknown; message?: unknown } | undefined;
    return error?.code === status && typeof error.message === "string" ? undefined : short(status, text);
  } catch {
    return short(status, text);
  }
}

const short = (status: number, text: string): string =>
  `${status} without a Google-shaped error: ${JSON.stringify(text.slice(0, 200))}`;
