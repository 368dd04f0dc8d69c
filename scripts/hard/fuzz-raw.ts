import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import { type Attack, type AttackContext, patienceMs } from "./fuzz-attack.ts";
import { exchange } from "./fuzz-http1.ts";
import { misshapen } from "./fuzz-shape.ts";
import type { Random } from "./random.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

/** An HTTP/2 frame, often with a length, type, flags or stream that do not fit. */
function frame(random: Random): Buffer {
  const body = random.bytes(random.int(60));
  const head = Buffer.alloc(9);
  head.writeUIntBE(random.chance(0.8) ? body.length : random.int(1 << 24), 0, 3);
  head[3] = random.int(random.chance(0.9) ? 10 : 256);
  head[4] = random.int(256);
  head.writeUInt32BE(random.pick([0, 1, 3, 5, random.int(2 ** 31)]), 5);
  return Buffer.concat([head, body]);
}

/** Bytes that are no protocol, or the beginning of one. */
export const bytes: Attack = {
  name: "bytes",
  weight: 8,
  run: async ({ random, port }) => {
    const kind = random.int(6);
    const junk = random.bytes(random.int(random.chance(0.1) ? 20_000 : 200));
    const hello = Buffer.concat([Buffer.from([0x16, 3, 1, random.int(4), random.int(256)]), junk]);
    const sent = [
      junk,
      Buffer.concat([preface.subarray(0, random.int(preface.length)), junk]),
      Buffer.concat([preface, settings, ...Array.from({ length: random.int(8) }, () => frame(random))]),
      hello,
      Buffer.concat([Buffer.from("GET / HTTP/1.1\r\n"), junk]),
      Buffer.alloc(0),
    ][kind] as Buffer;
    const did = `bytes ${kind} ${sent.toString("base64").slice(0, 300)}`;
    const { isEnded, answers } = await exchange(port, [sent], patienceMs);
    if (!isEnded) return { did, defect: `the connection did not end within ${patienceMs} ms` };
    const wrong = answers.map((answer) => misshapen(answer, "GET")).find((each) => each !== undefined);
    return { did, defect: wrong };
  },
};

/** A request whose frame is broken: chunks, lengths, headers, encodings. */
function brokenRequest({ random, token, project }: AttackContext): (Buffer | string)[] {
  const target = random.pick([
    `/secretmanager.googleapis.com/v1/projects/${project}/secrets`,
    `/storage/v1/b?project=${project}`,
    `/upload/storage/v1/b/fuzz-bucket/o?uploadType=${random.pick(["media", "multipart", "resumable"])}&name=o`,
    "/logging.googleapis.com/v2/entries:write",
    `/us-central1-docker.pkg.dev/v2/${project}/repo/image/blobs/uploads/`,
    `/us-central1-docker.pkg.dev/v2/${project}/repo/image/manifests/latest`,
    "/_aloft/v1/status",
    "/oauth2.googleapis.com/token",
    "/metadata.google.internal/computeMetadata/v1/",
    "/fuzz-bucket/object",
    "/",
  ]);
  const head = [
    `${random.pick(["POST", "PUT", "PATCH", "DELETE"])} ${target} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Bearer ${token}`,
    `Content-Type: ${random.pick(["application/json", "multipart/related; boundary=x", "application/octet-stream", ""])}`,
  ];
  const deep = random.pick([100, 5000, 100_000]);
  const json = random.pick([
    `${"[".repeat(deep)}${"]".repeat(deep)}`,
    `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`,
    `{"replication":${'{"automatic":'.repeat(200)}{}${"}".repeat(200)}}`,
    '{"a":1e99999,"b":-0,"c":"\\ud800"}',
    '{"a":1',
    "\u0000",
    "--x\r\nContent-Type: application/json\r\n\r\n{}\r\n--x\r\n\r\n",
    "--x--",
    `{"labels":{"a":"${"b".repeat(200_000)}"}}`,
  ]);
  const lines = (...extra: string[]): string => `${[...head, ...extra].join("\r\n")}\r\n\r\n`;
  const size = Buffer.byteLength(json);
  switch (random.int(10)) {
    case 0:
      return [
        lines("Transfer-Encoding: chunked"),
        `${random.pick(["zz", "-1", "fffffffffffffffff", "5"])}\r\nabc\r\n0\r\n\r\n`,
      ];
    case 1:
      return [lines("Transfer-Encoding: chunked"), `${size.toString(16)}\r\n${json}`];
    case 2:
      return [lines(`Content-Length: ${size + 100}`), json];
    case 3:
      return [lines("Content-Length: 5", "Content-Length: 6"), json];
    case 4:
      return [lines("Content-Length: 5", "Transfer-Encoding: chunked"), json];
    case 5:
      return [lines(`X-Giant: ${"g".repeat(random.pick([10_000, 70_000, 1_000_000]))}`), json];
    case 6:
      return [lines(...Array.from({ length: 3000 }, (_, at) => `X-${at}: 1`), "Content-Length: 0")];
    case 7: {
      const zipped = gzipSync(random.chance(0.3) ? Buffer.alloc(40 << 20) : json);
      const sent = random.chance(0.5) ? zipped : zipped.subarray(0, zipped.length >> 1);
      return [lines("Content-Encoding: gzip", `Content-Length: ${sent.length}`), sent];
    }
    case 8:
      return [lines(`Content-Length: ${random.pick(["99999999999", "-5", "1e3", "x", "33554433"])}`), json];
    default:
      return [lines(`Content-Length: ${size}`), json];
  }
}

export const http1: Attack = {
  name: "http1",
  weight: 8,
  run: async (context) => {
    const sent = brokenRequest(context);
    const did = sent.map((chunk) => chunk.toString().slice(0, 300)).join("|");
    const { isEnded, answers } = await exchange(context.port, sent, patienceMs);
    if (!isEnded) return { did, defect: `the connection did not end within ${patienceMs} ms` };
    const answer = answers.find(({ status }) => status >= 200);
    return { did, defect: answer === undefined ? undefined : misshapen(answer, "POST") };
  },
};

/** CONNECT to what is there and what is not, TLS in it, and a request in that, whole or broken. */
export const connects: Attack = {
  name: "connect",
  weight: 4,
  run: async (context) => {
    const { random, port } = context;
    const host = random.pick([
      "secretmanager.googleapis.com",
      "storage.googleapis.com",
      "run.app",
      "127.0.0.1",
      "evil.example",
      "[::1",
      "",
      "a b",
    ]);
    const authority = `${host}:${random.pick(["443", "1", "0", "99999", "x"])}`;
    const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${random.chance(0.1) ? `X: ${"y".repeat(70_000)}\r\n` : ""}\r\n`;
    const did = `CONNECT ${authority}`;
    if (random.chance(0.6) || host !== "secretmanager.googleapis.com") {
      const inside = random.pick<Buffer | string>([
        random.bytes(random.int(300)),
        Buffer.from([0x16, 3, 1, 0, 200, 1]),
        "GET /v1/x HTTP/1.1\r\n\r\n",
        "",
      ]);
      const { isEnded } = await exchange(port, [head, inside], patienceMs);
      return { did, defect: isEnded ? undefined : `the connection did not end within ${patienceMs} ms` };
    }
    const raw = connectTcp({ port, host: "127.0.0.1" });
    raw.on("error", () => undefined);
    raw.write(`CONNECT secretmanager.googleapis.com:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => raw.once("data", resolve).once("close", resolve));
    const sent = random.chance(0.5) ? brokenRequest(context) : [random.bytes(random.int(300))];
    const { isEnded, answers } = await exchange(port, sent, patienceMs, () =>
      connectTls({
        socket: raw,
        servername: "secretmanager.googleapis.com",
        rejectUnauthorized: false,
      }),
    );
    raw.destroy();
    if (!isEnded) return { did: `${did} TLS`, defect: `the connection did not end within ${patienceMs} ms` };
    const answer = answers.find(({ status }) => status >= 200);
    return { did: `${did} TLS ${sent[0]?.toString().slice(0, 200)}`, defect: answer && misshapen(answer, "POST") };
  },
};
