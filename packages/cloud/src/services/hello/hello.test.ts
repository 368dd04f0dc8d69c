import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { hello } from "./index.ts";

test("hello: a greeting is made, read, listed and removed over REST", async () => {
  await using cloud = await startCloud({ services: [hello] });
  const base = `${cloud.url}/hello.local.aloft/v1/projects/demo/greetings`;
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(base + path, { ...init, headers: { authorization: `Bearer ${cloud.token()}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const made = await call("?greetingId=first", { method: "POST", body: JSON.stringify({ text: "Hello" }) });
  expect(made).toMatchObject({ status: 200, body: { name: "projects/demo/greetings/first", text: "Hello" } });
  expect((await call("?greetingId=first", { method: "POST", body: JSON.stringify({ text: "Hi" }) })).status).toBe(409);
  expect((await call("/first")).body).toEqual(made.body);
  expect((await call("")).body).toEqual({ greetings: [made.body] });
  expect((await call("?greetingId=Bad!", { method: "POST", body: "{}" })).body).toMatchObject({
    error: { status: "INVALID_ARGUMENT", details: [{ fieldViolations: [{ field: "greetingId" }] }] },
  });
  expect(await call("/first", { method: "DELETE" })).toEqual({ status: 200, body: {} });
  expect((await call("/first")).status).toBe(404);
});
