import { type ClientHttp2Session, connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { createClock } from "@aloft/kit/clock";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { frame } from "./grpc-frames.ts";
import { createSchemas } from "./schemas.ts";
import { echo, probe, type RawAnswer, raw } from "./wire.test-support.ts";

const schemas = createSchemas();
const getRequest = schemas.message("google.cloud.secretmanager.v1.GetSecretRequest");
const listRequest = schemas.message("google.cloud.secretmanager.v1.ListSecretsRequest");
const secret = schemas.message("google.cloud.secretmanager.v1.Secret");
const tailRequest = schemas.message("google.logging.v2.TailLogEntriesRequest");
const tailAnswer = schemas.message("google.logging.v2.TailLogEntriesResponse");

let cloud: Cloud;
let session: ClientHttp2Session;
const log: string[] = [];

beforeAll(async () => {
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  cloud = await startCloud({ services: [probe, echo], clock, log: (line) => log.push(line) });
  session = connect(cloud.url);
  session.on("error", () => undefined);
});
afterAll(async () => {
  session.destroy();
  await cloud.close();
});

const service = "/google.cloud.secretmanager.v1.SecretManagerService/";
const headers = (path: string, more: Record<string, string> = {}): Record<string, string> => ({
  ":path": path,
  "content-type": "application/grpc",
  te: "trailers",
  authorization: `Bearer ${cloud.token()}`,
  ...more,
});
const named = (name: string): Buffer => frame(toBinary(getRequest, schemas.create(getRequest, { name } as never)));
const get = (body: Buffer | Buffer[], more = {}): Promise<RawAnswer> =>
  raw(session, headers(`${service}GetSecret`, more), body);
const message = (answer: RawAnswer): unknown => fromBinary(secret, answer.body.subarray(5));
const status = ({ trailers }: RawAnswer): unknown[] => [trailers["grpc-status"], trailers["grpc-message"]];

test("grpc: a unary call, whole, in pieces of one byte, and compressed", async () => {
  const whole = named("projects/demo/secrets/s");
  const answer = await get(whole);
  expect(answer.headers[":status"]).toBe(200);
  expect(answer.trailers["grpc-status"]).toBe("0");
  expect(message(answer)).toMatchObject({ name: "projects/demo/secrets/s" });
  expect(message(await get([...whole].map((byte) => Buffer.of(byte))))).toEqual(message(answer));
  const zipped = gzipSync(whole.subarray(5));
  const head = Buffer.from([1, 0, 0, 0, zipped.length]);
  expect(message(await get(Buffer.concat([head, zipped]), { "grpc-encoding": "gzip" }))).toEqual(message(answer));
});

test("grpc: errors carry their status, an escaped text and details; a bug says nothing", async () => {
  const refused = await raw(session, headers(`${service}DeleteSecret`), named("x"));
  expect(status(refused)).toEqual(["3", "Gr%C3%B6%C3%9Fe 100%25 falsch%0A"]);
  const details = Buffer.from(String(refused.trailers["grpc-status-details-bin"]), "base64");
  const rpcStatus = fromBinary(schemas.message("google.rpc.Status"), details) as never as {
    code: number;
    details: { typeUrl: string }[];
  };
  expect(rpcStatus.code).toBe(3);
  expect(rpcStatus.details.map((each) => each.typeUrl)).toEqual(["type.googleapis.com/google.rpc.BadRequest"]);
  expect(status(await raw(session, headers(`${service}UpdateSecret`), frame(new Uint8Array())))).toEqual([
    "13",
    "Internal error encountered.",
  ]);
  expect(log.join("\n")).toContain("a bug with hunter2 in it");
});

test("grpc: unknown and unbuilt methods are UNIMPLEMENTED by name, whatever the authority", async () => {
  const at = (path: string, authority: string) => raw(session, headers(path, { ":authority": authority }), named("x"));
  expect(status(await at(`${service}DestroySecretVersion`, "localhost"))).toEqual([
    "12",
    "The local cloud does not implement google.cloud.secretmanager.v1.SecretManagerService.DestroySecretVersion.",
  ]);
  expect((await at("/no.Such/Method", "localhost")).trailers["grpc-status"]).toBe("12");
  expect((await at("/", "localhost")).trailers["grpc-status"]).toBe("12");
  expect((await at(`${service}GetSecret`, "logging.googleapis.com")).trailers["grpc-status"]).toBe("0");
  expect((await at(`${service}GetSecret`, "evil.example")).headers[":status"]).toBe(403);
});

test("grpc: no caller, no answer", async () => {
  const answer = await get(named("x"), { authorization: "Bearer nonsense" });
  expect(answer.trailers["grpc-status"]).toBe("16");
});

test("grpc: broken requests get a status, and the connection lives on", async () => {
  const cases: [Buffer, string][] = [
    [Buffer.alloc(0), "12"],
    [Buffer.from([0, 0, 0]), "13"],
    [Buffer.from([0, 0, 0, 0, 9, 1]), "13"],
    [Buffer.from([1, 0, 0, 0, 1, 0]), "13"],
    [Buffer.from([7, 0, 0, 0, 0]), "13"],
    [Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]), "13"],
    [Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]), "8"],
    [Buffer.concat([named("a"), named("b")]), "12"],
  ];
  for (const [body, code] of cases) expect((await get(body)).trailers["grpc-status"], body.toString("hex")).toBe(code);
  expect((await get(named("x"), { "grpc-encoding": "snappy" })).trailers["grpc-status"]).toBe("12");
  let seed = 99;
  const next = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed;
  };
  for (let round = 0; round < 150; round++) {
    const bytes = Buffer.from(Array.from({ length: seed % 40 }, () => next() % 256));
    next();
    expect((await get(bytes)).trailers["grpc-status"]).toMatch(/^\d+$/);
  }
  expect((await get(named("still"))).trailers["grpc-status"]).toBe("0");
});

test("grpc: a deadline ends the call, and so does the client's leaving", async () => {
  const path = `${service}AccessSecretVersion`;
  const late = await raw(session, headers(path, { "grpc-timeout": "30m" }), named("late"));
  expect(status(late)).toEqual(["4", "Deadline Exceeded"]);
  const gone = session.request({ ":method": "POST", ...headers(path) });
  gone.on("error", () => undefined);
  gone.end(named("gone"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  gone.close(8);
  await expect.poll(() => log.filter((line) => line.includes("aborted")).length).toBe(2);
});

test("grpc: large answers and many calls at once", async () => {
  const body = frame(toBinary(listRequest, schemas.create(listRequest, { pageSize: 3_000_000 } as never)));
  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => raw(session, headers(`${service}ListSecrets`), body)),
    ...Array.from({ length: 60 }, (_, index) => get(named(`n${index}`))),
  ]);
  expect(answers.every((answer) => answer.trailers["grpc-status"] === "0")).toBe(true);
  expect(answers[0]?.body.length).toBeGreaterThan(3_000_000);
});

test("grpc: both sides stream, an error comes after answers", async () => {
  const path = "/google.logging.v2.LoggingServiceV2/TailLogEntries";
  const send = (filter: string): Buffer =>
    frame(toBinary(tailRequest, schemas.create(tailRequest, { filter } as never)));
  const stream = session.request({ ":method": "POST", ...headers(path) });
  const seen: string[] = [];
  let trailers: Record<string, unknown> = {};
  stream.on("trailers", (each) => (trailers = each));
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      stream.once("data", (chunk: Buffer) => {
        const { entries } = fromBinary(tailAnswer, chunk.subarray(5)) as never as { entries: { logName: string }[] };
        seen.push(entries[0]?.logName ?? "");
        resolve();
      });
    });
  for (const filter of ["one", "two", "three"]) {
    stream.write(send(filter));
    await next();
  }
  expect(seen).toEqual(["one", "two", "three"]);
  stream.write(send("fail"));
  await new Promise((resolve) => stream.once("end", resolve));
  stream.end();
  expect([trailers["grpc-status"], trailers["grpc-message"]]).toEqual(["3", "told to fail"]);

  const ended = await raw(session, headers(path), [send("a"), send("b")]);
  expect(ended.trailers["grpc-status"]).toBe("0");
  expect(ended.body.toString("latin1")).toMatch(/a.*b/s);
});
