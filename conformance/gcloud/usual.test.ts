import { expect, test } from "vitest";
import { commandsOf } from "./command.ts";
import { type Done, usualJudgement } from "./usual.ts";

const done = (methods: readonly string[], stdout = "said\n"): Done => ({
  ran: { code: 0, stdout, stderr: "" },
  methods,
});
const there = { project: "demo", api: async () => ({ terminalCondition: { state: "CONDITION_SUCCEEDED" } }) };
const nothing = {
  project: "demo",
  api: async (_: string, path: string) => {
    throw new Error(`${path}: 404`);
  },
};

test("lines: commands are taken apart into words and flags, with loops and pipes", () => {
  const [add, describe] = commandsOf(
    `echo -n "x y" | gcloud beta secrets versions add a-b --data-file=- --project p && gcloud run services describe api --format='value(status.url)' > out`,
  );
  expect([add?.words, add?.flags]).toEqual([["secrets", "versions", "add", "a-b"], { "data-file": "-", project: "p" }]);
  expect([describe?.words, describe?.flags]).toEqual([
    ["run", "services", "describe", "api"],
    { format: "value(status.url)" },
  ]);
  expect(commandsOf("for b in x y; do gsutil -m iam ch a:b gs://$b; done")[0]?.words).toEqual([
    "iam",
    "ch",
    "a:b",
    "gs://$b",
  ]);
});

test("lines: an empty success does not pass, nor one that called nothing, changed nothing or made nothing", async () => {
  const create = "gcloud secrets create db --replication-policy=automatic";
  const made = "google.cloud.secretmanager.v1.SecretManagerService/CreateSecret";
  expect(await usualJudgement(create, done([made]), there)).toBeUndefined();
  expect(await usualJudgement(create, done([]), there)).toContain("no method");
  expect(await usualJudgement(create, done([made.replace("Create", "Get")]), there)).toContain("changed nothing");
  expect(await usualJudgement(create, done([made]), nothing)).toContain("db is not there");
  expect(await usualJudgement("gcloud secrets delete db --quiet", done(["a/DeleteSecret"]), there)).toContain("still");
  expect(await usualJudgement("gcloud secrets describe db", done(["a/GetSecret"], ""), there)).toContain("nothing");
  const pending = { ...there, api: async () => ({ terminalCondition: { state: "CONDITION_FAILED" } }) };
  expect(await usualJudgement("gcloud run deploy api --image=x", done(["a/Create"]), pending)).toContain("FAILED");
});
