import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Redacted, redactor } from "./redaction.ts";

test("redaction: a redacted value shows in no print, and is there when asked for", () => {
  const secret = new Redacted("hunter2-canary");
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }),
  ];
  for (const text of shown) {
    expect(text).toContain("***");
    expect(text).not.toContain("canary");
  }
  expect(secret.reveal()).toBe("hunter2-canary");
});

test("redaction: values vanish from a text, the longest first, short words stay", () => {
  const redact = redactor(["abcd", "abcdefgh", "no"]);
  expect(redact("see abcdefgh and abcd, no more")).toBe("see *** and ***, no more");
});
