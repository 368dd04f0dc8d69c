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
