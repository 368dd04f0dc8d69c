import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Connection } from "./connection.ts";
import { openGate } from "./gate.ts";
import type { RequestHead } from "./head.ts";
import { encodeHeaders, HeaderDecoder } from "./hpack.ts";
import { errors, flags, frameOf, preface, types } from "./protocol.ts";
import type { H2Stream } from "./stream.ts";

/** Answers each call with its `x-answer`, or with as many bytes as `x-bytes` says. */
function take(stream: H2Stream, { headers }: RequestHead): boolean {
  if (headers["x-elsewhere"] !== undefined) return false;
  const body = Buffer.alloc(Number(headers["x-bytes"] ?? 0), "b");
  const end = (): void => {
    if (headers["x-bytes"] !== undefined) stream.answer(body);
    else stream.whole({ ":status": "200", "x-answer": headers["x-answer"] ?? "none" }, Buffer.from("hi"));
  };
  stream.listen({ data: () => undefined, end, close: () => undefined, waits: () => undefined });
  return true;
}

const handlers = { take, together: (work: () => void) => work(), onBug: (thrown: unknown) => bugs.push(thrown) };
const bugs: unknown[] = [];
const others: Buffer[] = [];
let plain: Server;
let gated: Server;
const listening = async (serve: (socket: Socket) => void): Promise<Server> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
};
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  plain = await listening((socket) => void new Connection(socket, handlers, false));
  const wants = ({ headers }: RequestHead): boolean => headers["x-elsewhere"] === undefined;
  const rest = (socket: Socket): void => {
    socket.on("data", (chunk: Buffer) => others.push(chunk));
    socket.resume();
  };
  gated = await listening((socket) => openGate(socket, { ...handlers, wants, others: rest }));
});
afterAll(() => {
  plain.close();
  gated.close();
  expect(bugs).toEqual([]);
});

const head = (more: Record<string, string>): Buffer =>
  encodeHeaders(Object.entries({ ":method": "POST", ":scheme": "http", ":path": "/x", ...more }));
const both = flags.endHeaders | flags.endStream;

/** A client of our own, that says what it likes: what it sends, and the frames that come back. */
async function client(server: Server) {
  const socket = connect({ port: portOf(server), host: "127.0.0.1" });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  let held: Buffer = Buffer.alloc(0);
  const frames: { type: number; flag: number; id: number; body: Buffer }[] = [];
  const waiting: (() => void)[] = [];
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
      const end = 9 + held.readUIntBE(0, 3);
      frames.push({ type: held[3] ?? 0, flag: held[4] ?? 0, id: held.readUInt32BE(5), body: held.subarray(9, end) });
      held = held.subarray(end);
    }
    for (const wake of waiting.splice(0)) wake();
  });
  const until = async (type: number, id = 0): Promise<Buffer> => {
    for (;;) {
      const at = frames.findIndex((frame) => frame.type === type && frame.id === id);
      if (at >= 0) return frames.splice(at, 1)[0]?.body ?? Buffer.alloc(0);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const send = (...parts: Buffer[]): void => void socket.write(Buffer.concat(parts));
  return { socket, frames, send, until, close: () => socket.destroy() };
}
const settings = (...pairs: (readonly [id: number, value: number])[]): Buffer => {
  const body = Buffer.alloc(pairs.length * 6);
  for (const [at, [id, value]] of pairs.entries()) {
    body.writeUInt16BE(id, at * 6);
    body.writeUInt32BE(value, at * 6 + 2);
  }
  return frameOf(types.settings, 0, 0, body);
};
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

test("h2: every character of a header is read as Node's HTTP/2 codes it", async () => {
  const session = connectHttp2(`http://127.0.0.1:${portOf(plain)}`);
  const bytes = Array.from({ length: 222 }, (_, at) => (at < 94 ? at + 33 : at + 34)).map((code) =>
    String.fromCharCode(code),
  );
  for (const text of [
    "short",
    bytes.join(""),
    bytes.toReversed().join(""),
    "~}|{zyx^^^".repeat(20),
    "e".repeat(5000),
  ]) {
    for (let again = 0; again < 2; again++) {
      const stream = session.request({ ":method": "POST", ":path": "/x", "x-answer": text });
      stream.end();
      const [answer] = (await once(stream, "response")) as [Record<string, string>];
      expect(answer["x-answer"]).toBe(text);
      stream.resume();
      await once(stream, "close");
    }
  }
  session.destroy();
});

test("h2: no more is sent than the client's windows allow, and all of it in the end", async () => {
  const { send, until, frames, close } = await client(plain);
  send(preface, settings([4, 10]), frameOf(types.headers, both, 1, head({ "x-bytes": "100000" })));
  expect(await until(types.data, 1)).toHaveLength(10);
  send(settings([4, 30]));
  expect(await until(types.data, 1)).toHaveLength(20);
  send(frameOf(types.window, 0, 1, number(1_000_000)));
  let got = 30;
  while (got < 65_535) got += (await until(types.data, 1)).length;
  expect(got).toBe(65_535);
  expect(frames.some(({ id, flag }) => id === 1 && flag === both)).toBe(false);
  send(frameOf(types.window, 0, 0, number(1_000_000)));
  while (got < 100_005) got += (await until(types.data, 1)).length;
  await until(types.headers, 1);
  expect(await until(types.headers, 1)).toEqual(encodeHeaders([["grpc-status", "0"]]));
  close();
});

test("h2: a table of headers grows, forgets and shrinks; what breaks it ends the connection", () => {
  const decoder = new HeaderDecoder();
  const literal = (name: string, value: string): Buffer =>
    Buffer.concat([Buffer.of(0x40, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
  expect(decoder.decode(literal("a", "1"))).toEqual([["a", "1"]]);
  expect(decoder.decode(Buffer.concat([literal("b", "2"), Buffer.of(0xbe, 0xbf)]))).toEqual([
    ["b", "2"],
    ["b", "2"],
    ["a", "1"],
  ]);
  expect(decoder.decode(Buffer.of(0x3f, 0x03, 0xbe))).toEqual([["b", "2"]]);
  expect(() => decoder.decode(Buffer.of(0xbf))).toThrow("in no table");
  expect(() => decoder.decode(Buffer.of(0x3f, 0xff, 0xff, 0x7f))).toThrow("table's size");
  expect(() => decoder.decode(Buffer.of(0x00, 0x83, 0xff, 0xff, 0xff, 0x00))).toThrow("badly coded");
});

test.each([
  ["no preface", [Buffer.from("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n")], errors.protocol],
  ["too large a frame", [preface, frameOf(types.data, 0, 1, Buffer.alloc(16_385))], errors.frameSize],
  ["a frame of no stream", [preface, frameOf(types.data, 0, 1, Buffer.alloc(1))], errors.protocol],
  ["a bad header block", [preface, frameOf(types.headers, both, 1, Buffer.of(0xff, 0xff))], errors.compression],
  [
    "headers without end",
    [
      preface,
      frameOf(types.headers, 0, 1, head({})),
      ...Array(20).fill(frameOf(types.continuation, 0, 1, Buffer.alloc(16_384))),
    ],
    errors.calm,
  ],
])("h2: %s is answered with a farewell that says why", async (_, parts, code) => {
  const { socket, send, until } = await client(plain);
  send(...parts);
  const farewell = await until(types.goaway);
  expect(farewell.readUInt32BE(4)).toBe(code);
  await once(socket, "end");
  socket.destroy();
});

test("h2: what is for another server goes to it whole, also from a client that waits for settings", async () => {
  const elsewhere = frameOf(types.headers, both, 1, head({ "x-elsewhere": "yes" }));
  const eager = await client(gated);
  eager.send(preface, settings(), elsewhere);
  await expect.poll(() => Buffer.concat(others).equals(Buffer.concat([preface, settings(), elsewhere]))).toBe(true);
  others.length = 0;
  const waiting = await client(gated);
  waiting.send(preface, settings());
  await waiting.until(types.settings);
  waiting.send(elsewhere);
  waiting.send(frameOf(types.settings, flags.ack, 0, Buffer.alloc(0)), frameOf(types.ping, 0, 0, Buffer.alloc(8)));
  const whole = [preface, settings(), elsewhere, frameOf(types.ping, 0, 0, Buffer.alloc(8))];
  await expect.poll(() => Buffer.concat(others).equals(Buffer.concat(whole))).toBe(true);
  eager.close();
  waiting.close();
});

test("h2: a request for another server in mid-connection is refused so that the client comes again", async () => {
  const { socket, send, until } = await client(gated);
  send(preface, settings());
  await until(types.settings);
  send(
    frameOf(types.settings, flags.ack, 0, Buffer.alloc(0)),
    frameOf(types.headers, both, 1, head({ "x-bytes": "3" })),
  );
  expect((await until(types.data, 1)).toString("latin1", 5)).toBe("bbb");
  send(frameOf(types.headers, both, 3, head({ "x-elsewhere": "yes" })));
  expect((await until(types.goaway)).readUInt32BE(0)).toBe(1);
  expect((await until(types.reset, 3)).readUInt32BE(0)).toBe(errors.refused);
  await once(socket, "end");
  socket.destroy();
});
