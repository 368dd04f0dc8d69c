import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { applicationDefault } from "./adc.ts";

const folder = mkdtempSync(join(tmpdir(), "aloft-adc-"));
const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
afterAll(() => {
  if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
  rmSync(folder, { recursive: true, force: true });
});

test("application default credentials: none are a failure that says how to get some", async () => {
  process.env.GOOGLE_APPLICATION_CREDENTIALS = join(folder, "missing.json");
  await expect(applicationDefault("shop-prod").token()).rejects.toMatchObject({
    code: "CREDENTIALS_MISSING",
    what: "There are no Google credentials to call project shop-prod with.",
    next: "gcloud auth application-default login",
  });
});

test("application default credentials: a person's calls name the project that pays, and make no ID tokens", async () => {
  const file = join(folder, "adc.json");
  const person = { type: "authorized_user", client_id: "c", client_secret: "not-one", refresh_token: "not-one-either" };
  writeFileSync(file, JSON.stringify(person));
  process.env.GOOGLE_APPLICATION_CREDENTIALS = file;
  const credentials = applicationDefault("shop-prod");
  expect(await credentials.quotaProject?.()).toBe("shop-prod");
  await expect(credentials.idToken?.("https://x")).rejects.toMatchObject({ code: "CREDENTIALS_MISSING" });
  writeFileSync(file, JSON.stringify({ ...person, quota_project_id: "payer" }));
  expect(await applicationDefault("shop-prod").quotaProject?.()).toBe("payer");
});
