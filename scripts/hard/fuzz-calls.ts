import { constants, type IncomingHttpHeaders } from "node:http2";
import { toProtoJson } from "../../packages/cloud/src/wire/json.ts";
import { type Attack, type AttackContext, patienceMs } from "./fuzz-attack.ts";
import type { RpcTarget } from "./fuzz-catalog.ts";
import { exchange } from "./fuzz-http1.ts";
import { misshapen } from "./fuzz-shape.ts";
import { messageInit, spoil, text } from "./fuzz-values.ts";
import type { Random } from "./random.ts";

/** A message of the method's type, as bytes; undefined where the random one cannot be written. */
function messageBytes({ random, catalog, project }: AttackContext, { input }: RpcTarget): Buffer | undefined {
  try {
    const message = catalog.schemas.create(input, messageInit(random, input, project) as never);
    return Buffer.from(catalog.schemas.encode(input, message));
  } catch {
    return undefined;
  }
}

function framed(random: Random, message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const whole = Buffer.concat([head, message]);
  const kind = random.int(20);
  if (kind === 0) whole.writeUInt32BE(random.pick([0, 1, 2 ** 31, 2 ** 32 - 1, message.length + 1]), 1);
  if (kind === 1) whole[0] = random.int(256);
  if (kind === 2) return whole.subarray(0, random.int(whole.length));
  if (kind === 3) return Buffer.concat([whole, whole]);
  if (kind === 4) return random.bytes(random.int(200));
  if (kind === 5) for (let at = 0; at < 5; at++) whole[5 + random.int(Math.max(1, whole.length - 5))] = random.int(256);
  return whole;
}

/** Methods of the proto services over gRPC: random messages, and frames that are none. */
export const grpcCalls: Attack = {
  name: "grpc",
  weight: 40,
  run: async (context) => {
    const { random, catalog, token } = context;
    const target = random.pick(catalog.rpc);
    const body = framed(random, messageBytes(context, target) ?? random.bytes(random.int(60)));
    const headers: Record<string, string> = {
      ":method": "POST",
      ":path": random.chance(0.03) ? `/${random.word(5)}${target.path}` : target.path,
      ":authority": random.chance(0.8) ? target.api : random.pick([...catalog.apis, "localhost", "evil.example"]),
      "content-type": random.chance(0.95) ? "application/grpc" : random.pick(["application/grpc+json", "text/x"]),
      te: "trailers",
      "grpc-timeout": random.chance(0.9) ? "1S" : random.pick(["1n", "99999999H", "x", "-1S", "2S"]),
      ...(random.chance(0.95)
        ? { authorization: `Bearer ${token}` }
        : {
            authorization: text(random, "x")
              .replace(/[^ -~]/g, "?")
              .slice(0, 3000),
          }),
      ...(random.chance(0.05) ? { "grpc-encoding": random.pick(["gzip", "br", "identity"]) } : {}),
      ...(random.chance(0.02) ? { "x-huge": "h".repeat(30_000) } : {}),
    };
    const did = `${target.path} ${body.toString("base64").slice(0, 400)}`;
    const isGrpc = headers["content-type"] === "application/grpc";
    const answer = await grpc(context, headers, body, random.chance(0.03));
    if (answer === "hang") return { did, defect: `no end within ${patienceMs} ms` };
    if (answer === "reset" || !isGrpc || headers[":authority"] === "evil.example") return { did };
    const status = answer["grpc-status"];
    if (status === undefined) return { did, defect: `no grpc-status: ${JSON.stringify(answer)}` };
    const isBug = status === "2" || (status === "13" && /^Internal error/.test(String(answer["grpc-message"])));
    return isBug ? { did, defect: `grpc-status ${status}: ${answer["grpc-message"]}` } : { did };
  },
};

function grpc(
  { session }: AttackContext,
  headers: Record<string, string>,
  body: Buffer,
  leave: boolean,
): Promise<IncomingHttpHeaders | "hang" | "reset"> {
  return new Promise((resolve) => {
    const stream = session().request(headers);
    let got: IncomingHttpHeaders = {};
    let isError = false;
    const timer = setTimeout(() => {
      resolve("hang");
      stream.close(constants.NGHTTP2_CANCEL);
    }, patienceMs);
    stream.on("response", (each) => (got = { ...got, ...each }));
    stream.on("trailers", (each) => (got = { ...got, ...each }));
    stream.on("data", () => undefined);
    stream.on("error", () => (isError = true));
    stream.on("close", () => {
      clearTimeout(timer);
      resolve(leave || (isError && got["grpc-status"] === undefined) ? "reset" : got);
    });
    stream.write(body);
    if (leave) stream.close(constants.NGHTTP2_CANCEL);
    else stream.end();
  });
}

const escaped = (value: string): string => {
  try {
    return encodeURIComponent(value);
  } catch {
    return "%ED%A0%80";
  }
};

/** A path of this template with variables filled in. */
function pathOf({ random, project }: AttackContext, template: string): string {
  const filled = template.replace(/\{([\w.]+)(?:=([^}]*))?\}/g, (_all, _name: string, pattern = "*") =>
    pattern.replace(/\*\*?/g, () => {
      if (random.chance(0.6)) return random.pick([project, "us-central1", "a", "1", "latest", "main"]);
      return escaped(text(random, project)).slice(0, 2000);
    }),
  );
  return random.chance(0.8) ? filled.replace("projects/us-central1", `projects/${project}`) : filled;
}

/** The JSON of a random message of the type; spoilt more often than not. */
function jsonOf({ random, catalog, project }: AttackContext, input: RpcTarget["input"]): unknown {
  let value: unknown;
  try {
    const message = catalog.schemas.create(input, messageInit(random, input, project) as never);
    value = toProtoJson(catalog.schemas, input, message, { enumAsInteger: random.chance(0.2) });
  } catch {
    value = { name: text(random, project) };
  }
  return random.chance(0.6) ? spoil(random, value) : value;
}

/** Every method over REST, by path prefix and by host, with bodies that are nearly right. */
export const restCalls: Attack = {
  name: "rest",
  weight: 40,
  run: async (context) => {
    const { random, catalog, token, port } = context;
    let call: { api: string; verb: string; path: string; body: unknown };
    if (random.chance(0.6)) {
      const target = random.pick(catalog.rpc);
      const rule = target.rules.length === 0 ? undefined : random.pick(target.rules);
      const field = target.input.fields.find(({ name }) => name === rule?.body);
      const body = rule?.body === "" ? undefined : jsonOf(context, field?.message ?? target.input);
      call = { api: target.api, verb: rule?.verb ?? "GET", path: rule?.template ?? target.path, body };
    } else {
      const target = random.pick(catalog.rest);
      const input = random.pick(catalog.rpc).input;
      call = { ...target, body: target.verb === "GET" ? undefined : jsonOf(context, input) };
    }
    const { api } = call;
    const verb = random.chance(0.95) ? call.verb : random.pick(["GET", "PUT", "HEAD", "OPTIONS", "PATCH", "TRACE"]);
    const body = call.body === undefined ? "" : (JSON.stringify(call.body) ?? "");
    const byHost = random.chance(0.5);
    const query = random.chance(0.5) ? `?${queryOf(context)}` : "";
    const path = `${byHost ? "" : `/${api}`}${pathOf(context, call.path)}${query}`;
    const type = random.chance(0.9)
      ? "application/json"
      : random.pick(["text/plain", "multipart/related; boundary=b", "x"]);
    const head = [
      `${verb} ${path} HTTP/1.1`,
      `Host: ${byHost ? api : `127.0.0.1:${port}`}`,
      random.chance(0.95) ? `Authorization: Bearer ${token}` : `Authorization: ${random.word(8)}`,
      ...(body === "" ? [] : [`Content-Type: ${type}`]),
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(random.chance(0.05) ? ["Range: bytes=9-3,-1"] : []),
      ...(random.chance(0.05) ? [`X-Upload-Content-Length: ${random.pick(["-1", "x", "99999999999999999999"])}`] : []),
      ...(random.chance(0.05) ? [`Content-Range: bytes ${random.pick(["*/*", "0-5/3", "x", "5-*/9"])}`] : []),
    ];
    const did = `${head[0]} ${body.slice(0, 400)}`.slice(0, 1000);
    const { answers, isEnded } = await exchange(port, [`${head.join("\r\n")}\r\n\r\n`, body], patienceMs);
    if (!isEnded) return { did, defect: `the connection did not end within ${patienceMs} ms` };
    const answer = answers.find(({ status }) => status >= 200);
    if (answer === undefined) return { did, defect: "no answer" };
    return { did, defect: misshapen(answer, verb) };
  },
};

function queryOf({ random, project }: AttackContext): string {
  const names = ["pageSize", "pageToken", "filter", "updateMask", "fields", "alt", "$alt", "uploadType", "name", "key"];
  const more = ["secretId", "upload_id", "generation", "ifGenerationMatch", "maxResults", "project", "prefix", "view"];
  return Array.from({ length: 1 + random.int(3) }, () => {
    const value = random.chance(0.5)
      ? random.pick(["1", "-1", "x", "media", "resumable", "json", "*"])
      : text(random, project);
    return `${random.pick([...names, ...more])}=${escaped(value).slice(0, 2000)}`;
  }).join("&");
}
