import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@aloft/kit/clock";
import type { Tokens } from "../../host.ts";
import type { RevisionSpec } from "../machines.ts";

const cloudScope = "https://www.googleapis.com/auth/cloud-platform";

/** A metadata server of one instance: https://cloud.google.com/run/docs/container-contract#metadata-server */
export interface MetadataServer {
  /** `127.0.0.1:PORT`, for GCE_METADATA_HOST. */
  readonly host: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

/** Serves what a program asks about where it runs, and tokens of the revision's identity. */
export async function startMetadataServer(options: {
  readonly spec: RevisionSpec;
  readonly instance: string;
  readonly tokens: Pick<Tokens, "access" | "id">;
  readonly clock: Clock;
}): Promise<MetadataServer> {
  const { spec, instance, tokens, clock } = options;
  const principal = { kind: "serviceAccount", email: spec.serviceAccount } as const;
  let kept: { readonly token: string; readonly expiresAtMs: number } | undefined;

  const token = (): Answer => {
    if (kept === undefined || kept.expiresAtMs - clock.now() < 300_000)
      kept = tokens.access({ principal, scopes: [cloudScope] });
    return json({
      access_token: kept.token,
      expires_in: Math.floor((kept.expiresAtMs - clock.now()) / 1000),
      token_type: "Bearer",
    });
  };

  const account = { aliases: ["default"], email: spec.serviceAccount, scopes: [cloudScope] };
  const tree: Tree = {
    instance: {
      id: instance,
      region: `projects/${spec.projectNumber}/regions/${spec.region}`,
      zone: `projects/${spec.projectNumber}/zones/${spec.region}-1`,
      "service-accounts": { default: account, [spec.serviceAccount]: account },
    },
    project: { "numeric-project-id": spec.projectNumber, "project-id": spec.project },
  };

  const answer = async (url: URL): Promise<Answer> => {
    const path = url.pathname.replace(/\/+$/, "");
    if (path === "") return { status: 200, body: "computeMetadata/\n" };
    if (path === "/computeMetadata") return { status: 200, body: "v1/\n" };
    const parts = path.split("/").slice(1).map(decodeURIComponent);
    if (parts[0] !== "computeMetadata" || parts[1] !== "v1") return notFound;
    const [area, accounts, who, what] = parts.slice(2);
    const known = who === "default" || who === spec.serviceAccount;
    if (area === "instance" && accounts === "service-accounts" && known) {
      if (what === "token") return token();
      if (what === "identity") {
        const audience = url.searchParams.get("audience");
        if (!audience) return { status: 400, body: "non-empty audience parameter required\n" };
        return { status: 200, body: await tokens.id({ principal, audience, includeEmail: true }) };
      }
    }
    let at: Tree | string | readonly string[] | undefined = tree;
    for (const part of parts.slice(2)) {
      at = typeof at === "object" && !Array.isArray(at) ? (at as Tree)[part] : undefined;
    }
    if (at === undefined) return notFound;
    if (url.searchParams.get("recursive") === "true") return json(camel(at));
    if (typeof at === "string") return { status: 200, body: at };
    if (Array.isArray(at)) return { status: 200, body: at.map((line) => `${line}\n`).join("") };
    const names = Object.entries(at).map(([name, value]) =>
      typeof value === "object" && !Array.isArray(value) ? `${name}/` : name,
    );
    const extra = parts.length === 5 && parts[3] === "service-accounts" ? ["identity", "token"] : [];
    return { status: 200, body: [...names, ...extra].map((name) => `${name}\n`).join("") };
  };

  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const send = ({ status, type, body }: Answer): void => {
      res.writeHead(status, {
        "content-type": type ?? "application/text",
        "metadata-flavor": "Google",
        server: "Metadata Server for Serverless",
      });
      res.end(body);
    };
    if (req.headers["metadata-flavor"] !== "Google" || req.headers["x-forwarded-for"] !== undefined) {
      return send({ status: 403, body: "Missing required header: Metadata-Flavor\n" });
    }
    if (req.method !== "GET") return send({ status: 405, body: "Method Not Allowed\n" });
    answer(new URL(req.url ?? "/", "http://metadata.google.internal")).then(send, () =>
      send({ status: 500, body: "" }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Tree {
  readonly [name: string]: Tree | string | readonly string[];
}

/** As `?recursive=true` answers: names in camelCase, numbers of projects as numbers. */
function camel(value: Tree | string | readonly string[]): unknown {
  if (typeof value === "string" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value as Tree).map(([name, inner]) => [
      name.includes("@") ? name : name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      name === "numeric-project-id" ? Number(inner) : camel(inner),
    ]),
  );
}

const notFound: Answer = { status: 404, body: "Not Found\n" };
const json = (value: unknown): Answer => ({ status: 200, type: "application/json", body: JSON.stringify(value) });
