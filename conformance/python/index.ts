import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { casesOf, endOf } from "../child.ts";
import { pushApp } from "../node/index.ts";
import { has, openPlace, run } from "../place.ts";
import type { Suite } from "../suite.ts";

const requirements = join(import.meta.dirname, "requirements.txt");

/** The official clients for Python, in a virtual environment of their own. */
export const python: Suite = {
  name: "python",
  about: "the official clients for Python, over gRPC and REST, through aloft exec",
  options: [],
  run: async (_, report) => {
    const skip = (why: string): void => report.ended({ group: "python", name: "clients", outcome: "skip", why: [why] });
    if (!(await has("python3"))) return skip("there is no python3 on this machine");
    await using place = await openPlace(report);
    const env = join(place.folder, "venv");
    const pip = { VIRTUAL_ENV: env, PIP_DISABLE_PIP_VERSION_CHECK: "1" };
    const made = await run(["python3", "-m", "venv", env]);
    if (made.code !== 0) return skip(`python3 -m venv: ${made.stderr.trim()}`);
    const got = await run([`${env}/bin/pip`, "install", "-q", "-r", requirements], { env: pip, timeoutMs: 300_000 });
    if (got.code !== 0) return skip(`pip install: ${got.stderr.trim().split("\n").at(-1)}`);
    for (const line of readFileSync(requirements, "utf8").trim().split("\n")) {
      const [name = "", version = ""] = line.split("==");
      report.version(name, version);
    }
    report.version("python", (await run(["python3", "--version"])).stdout.trim());
    await pushApp(place);
    const work = join(place.folder, "work");
    mkdirSync(work);
    const ran = await place.exec([`${env}/bin/python`, join(import.meta.dirname, "cases.py")], {
      exec: ["--project", "demo"],
      cwd: work,
      timeoutMs: 300_000,
      onLine: casesOf(report),
    });
    endOf(ran, "python", report);
  },
};
