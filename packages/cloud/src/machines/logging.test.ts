import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { entryOf, splitLines } from "./logging.ts";

describe("log lines", () => {
  test.each([
    ["plain text", { textPayload: "plain text" }],
    ["{ not json", { textPayload: "{ not json" }],
    ['{"message":"m","severity":"error"}', { severity: "ERROR", textPayload: "m" }],
    ['{"message":"m","severity":"warn","a":1}', { severity: "WARNING", jsonPayload: { message: "m", a: 1 } }],
    ['{"level":30,"severity":"odd"}', { jsonPayload: { level: 30 } }],
    [
      '{"message":"m","logging.googleapis.com/trace":"abc","logging.googleapis.com/spanId":"s","logging.googleapis.com/labels":{"k":1}}',
      { trace: "projects/p/traces/abc", spanId: "s", labels: { k: "1" }, textPayload: "m" },
    ],
    [
      '{"message":"m","time":"2026-03-01T12:00:00.5Z","logging.googleapis.com/trace_sampled":true,"n":1}',
      { timeMs: Date.parse("2026-03-01T12:00:00.5Z"), traceSampled: true, jsonPayload: { message: "m", n: 1 } },
    ],
    [
      '{"message":"m","timestamp":{"seconds":1772366400,"nanos":500000000}}',
      { timeMs: 1_772_366_400_500, textPayload: "m" },
    ],
    ['{"message":"m","time":"noon"}', { jsonPayload: { message: "m", time: "noon" } }],
    [
      '{"message":"m","logging.googleapis.com/operation":{"id":"o","first":true},"logging.googleapis.com/sourceLocation":{"file":"a.ts","line":7}}',
      { operation: { id: "o", first: true }, sourceLocation: { file: "a.ts", line: 7 }, textPayload: "m" },
    ],
  ])("%s", (line, entry) => expect(entryOf(line, "p")).toEqual(entry));

  test("lines are told whole, whatever the pieces; the last one without its end too", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    splitLines(stream, (line) => lines.push(line));
    const bytes = Buffer.from("one\ntwo é\r\n\nlast");
    for (const byte of bytes) stream.write(Buffer.from([byte]));
    stream.end();
    await new Promise((resolve) => stream.once("end", resolve));
    expect(lines).toEqual(["one", "two é", "last"]);
  });

  test("a line without end does not grow for ever", async () => {
    const stream = new PassThrough();
    const lengths: number[] = [];
    splitLines(stream, (line) => lengths.push(line.length));
    stream.end("x".repeat(600_000));
    await new Promise((resolve) => stream.once("end", resolve));
    expect(lengths).toEqual([262_144, 262_144, 75_712]);
  });
});
