import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { casesOf, endOf } from "../child.ts";
import { pushApp } from "../node/index.ts";
import { has, openPlace, run } from "../place.ts";
import type { Suite } from "../suite.ts";

/** Modules of `cloud.google.com/go`, at the versions that the suite was made with. */
const modules = ["secretmanager@v1.23.0", "kms@v1.35.0", "logging@v1.21.0", "run@v1.24.0", "storage@v1.69.0"];

/** The official clients for Go, built in a folder of their own. */
export const go: Suite = {
  name: "go",
  about: "the official clients for Go, over gRPC and REST, through aloft exec",
  options: [],
  run: async (_, report) => {
    const skip = (why: string): void => report.ended({ group: "go", name: "clients", outcome: "skip", why: [why] });
    if (!(await has("go"))) return skip("there is no go on this machine");
    await using place = await openPlace(report);
    const cwd = join(place.folder, "go");
    mkdirSync(cwd);
    for (const file of ["go.mod", "main.go"]) copyFileSync(join(import.meta.dirname, file), join(cwd, file));
    const timeoutMs = 580_000;
    const paths = modules.map((each) => `cloud.google.com/go/${each}`);
    const got = await run(["go", "get", ...paths], { cwd, timeoutMs });
    if (got.code !== 0) return skip(`go get: ${got.stderr.trim().split("\n").at(-1)}`);
    const built = await run(["bash", "-c", "go mod tidy && go build -o cases ."], { cwd, timeoutMs });
    if (built.code !== 0) throw new Error(`go build: ${built.stderr.slice(-2000)}`);
    for (const each of modules) report.version(...(each.split("@") as [string, string]));
    report.version("go", (await run(["go", "env", "GOVERSION"], { cwd })).stdout.trim());
    await pushApp(place);
    const ran = await place.exec([join(cwd, "cases")], {
      exec: ["--project", "demo"],
      timeoutMs: 300_000,
      onLine: casesOf(report),
    });
    endOf(ran, "go", report);
  },
};
