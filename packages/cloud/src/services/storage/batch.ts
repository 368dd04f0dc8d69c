import type { Exchange, RawMethod } from "../../service.ts";
import { invalid } from "./errors.ts";
import { boundaryOf } from "./multipart.ts";
import { readText } from "./read-text.ts";
import type { Storage } from "./storage.ts";

const mostCalls = 100;

/** Several calls in one request, as gsutil and gcloud send deletions: each goes through this cloud's own door. */
export function batchMethods({ host }: Storage): readonly RawMethod[] {
  return [
    {
      id: "storage.batch",
      verb: "POST",
      path: "/batch/storage/v1",
      permission: [],
      resource: () => "",
      stream: async ({ headers }, _call, exchange) => {
        const parts = partsOf(await readText(exchange.req), boundaryOf(headers["content-type"]));
        if (parts.length > mostCalls) throw invalid(`The batch has more than ${mostCalls} calls.`);
        const outer: Record<string, string> =
          headers.authorization === undefined ? {} : { authorization: headers.authorization };
        const answers: string[] = [];
        for (const part of parts) answers.push(await answerOf(host.address(), part, outer));
        reply(exchange, answers);
      },
    },
  ];
}

interface Part {
  readonly id: string | undefined;
  readonly verb: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function partsOf(text: string, boundary: string): readonly Part[] {
  const pieces = text.replaceAll("\r\n", "\n").split(`--${boundary}`).slice(1, -1);
  return pieces.map((piece) => {
    const [head = "", request = "", ...rest] = piece.replace(/^\n/, "").split("\n\n");
    const [line = "", ...lines] = request.split("\n");
    const [, verb, path] = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(line.trim()) ?? [];
    if (verb === undefined || path === undefined) throw invalid("Failed to parse batch request.", "badRequest");
    const local = path.replace(/^https?:\/\/[^/]+/, "");
    if (!local.startsWith("/storage/v1/")) throw invalid("A batch holds calls of the JSON API alone.", "badRequest");
    return {
      id: headersOf(head.split("\n"))["content-id"],
      verb,
      path: local,
      headers: headersOf(lines),
      body: rest.join("\n\n").trim(),
    };
  });
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}

/** Not passed on: they are about the connection, or about bytes that are counted anew. */
const ofTransport = new Set(["connection", "content-length", "host", "transfer-encoding", "accept-encoding"]);

async function answerOf(address: string, part: Part, outer: Readonly<Record<string, string>>): Promise<string> {
  const kept = Object.entries(part.headers).filter(([name]) => !ofTransport.has(name));
  const response = await fetch(`${address}/storage.googleapis.com${part.path}`, {
    method: part.verb,
    headers: { ...outer, ...Object.fromEntries(kept) },
    ...(part.body === "" || part.verb === "GET" ? {} : { body: part.body }),
  });
  const body = await response.text();
  const id = part.id === undefined ? "" : `Content-ID: <response-${part.id.replace(/^<|>$/g, "")}>\r\n`;
  const type = response.headers.get("content-type");
  const head = `HTTP/1.1 ${response.status} ${response.statusText}\r\n${type === null ? "" : `Content-Type: ${type}\r\n`}`;
  return `Content-Type: application/http\r\n${id}\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}\r\n`;
}

function reply({ res }: Exchange, answers: readonly string[]): void {
  const boundary = `batch_${answers.length}_aloft`;
  const text = `${answers.map((answer) => `--${boundary}\r\n${answer}`).join("")}--${boundary}--\r\n`;
  const headers = {
    "content-type": `multipart/mixed; boundary=${boundary}`,
    "content-length": Buffer.byteLength(text),
  };
  res.writeHead(200, headers).end(text);
}
