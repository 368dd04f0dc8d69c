import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import type { SecretManagerService } from "../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import type { LoggingServiceV2 } from "../../gen/types/google/logging/v2/logging_pb.js";
import { type CloudService, rpc } from "../service.ts";
import { badRequest } from "./rpc-error.ts";

const anyone = { permission: [], resource: () => "projects/demo" } as const;

/** Secret Manager's surface with handlers that show what the wire does with them. */
export const probe: CloudService = {
  api: "secretmanager.googleapis.com",
  title: "Probe",
  descriptors: "secretmanager-v1",
  alwaysOn: true,
  create: (host) => ({
    rpc: [
      rpc<typeof SecretManagerService>("google.cloud.secretmanager.v1.SecretManagerService", {
        getSecret: { ...anyone, handle: ({ name }) => ({ name, labels: { region: "" } }) },
        createSecret: {
          ...anyone,
          handle: ({ parent, secretId, secret }) => ({ ...(secret as object), name: `${parent}/secrets/${secretId}` }),
        },
        updateSecret: {
          ...anyone,
          handle: () => {
            throw new TypeError("a bug with hunter2 in it");
          },
        },
        deleteSecret: {
          ...anyone,
          handle: () => {
            throw badRequest("Größe 100% falsch\n", [{ field: "name", description: "no" }]);
          },
        },
        accessSecretVersion: {
          ...anyone,
          handle: async ({ name }, call) => {
            await host.clock.sleep(60_000, call.signal).catch(() => host.note("aborted", name));
            return { name };
          },
        },
        listSecrets: {
          ...anyone,
          handle: ({ pageSize }) => ({ totalSize: pageSize, nextPageToken: "x".repeat(pageSize) }),
        },
      }),
    ],
  }),
};

/** Logging's tail as an echo: an answer for each request, until the requests end. */
export const echo: CloudService = {
  api: "logging.googleapis.com",
  title: "Echo",
  descriptors: "logging-v2",
  alwaysOn: true,
  create: () => ({
    rpc: [
      rpc<typeof LoggingServiceV2>("google.logging.v2.LoggingServiceV2", {
        tailLogEntries: {
          ...anyone,
          stream: async function* (first, _call, requests) {
            yield { entries: [{ logName: first.filter }] };
            for await (const { filter } of requests) {
              if (filter === "fail") throw badRequest("told to fail", []);
              yield { entries: [{ logName: filter }] };
            }
          },
        },
      }),
    ],
  }),
};

export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One HTTP/2 request, written byte by byte as the test wants it. */
export async function raw(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: Buffer | readonly Buffer[] = [],
): Promise<RawAnswer> {
  const stream = session.request({ ":method": "POST", ...headers });
  for (const chunk of Array.isArray(body) ? body : [body]) stream.write(chunk);
  stream.end();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("response", (each) => (answered = each));
    stream.on("trailers", (each) => (trailers = each));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () =>
      resolve({ headers: answered, trailers: { ...answered, ...trailers }, body: Buffer.concat(chunks) }),
    );
  });
}
