import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bench, type Figure, paired } from "./bench.ts";
import { aloftBin, cloudProcess, has, root, wallMs } from "./processes.ts";

const config = `import { defineApp } from "aloft";

export default defineApp("bench", ({ secrets }) => {
  secrets("ONE", "TWO", "THREE");
  return {};
});
`;

export const bench: Bench = {
  name: "commands",
  what: "whole processes: `aloft plan` with nothing to do, `aloft secrets list` (ms)",
  peer: "`gcloud secrets list` against the same local cloud, where gcloud is installed; else an empty Node process",
  async run() {
    await using cloud = await cloudProcess();
    // Inside the repository, so that the config finds `aloft` as a user's does.
    const folder = mkdtempSync(join(root, "examples/.bench-"));
    try {
      writeFileSync(join(folder, "aloft.config.ts"), config);
      writeFileSync(join(folder, "values.env"), "ONE=first-value\nTWO=second-value\nTHREE=third-value\n");
      const env = { ...process.env, ALOFT_CLOUD: `127.0.0.1:${cloud.port}`, ALOFT_CLOUD_DIR: cloud.dir };
      const aloft = (...args: string[]) => wallMs(process.execPath, [aloftBin, ...args], { cwd: folder, env });
      await aloft("secrets", "import", "values.env");
      await aloft("up", "--yes");

      const token = await cloud.token();
      const gcloud = has("gcloud")
        ? () =>
            wallMs("gcloud", ["secrets", "list", "--project", "bench-local"], {
              env: {
                ...process.env,
                CLOUDSDK_AUTH_ACCESS_TOKEN: token,
                CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: `${cloud.url}/secretmanager.googleapis.com/`,
                CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
                CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "1",
              },
            })
        : () => wallMs(process.execPath, ["-e", ""]);
      const peer = has("gcloud") ? "peer: gcloud secrets list" : "gcloud is not installed; peer: an empty Node process";
      const list = await paired(5, () => aloft("secrets", "list"), gcloud);
      const plan = await paired(5, () => aloft("plan"), gcloud);
      return [
        { label: "aloft secrets list", unit: "ms", ...list, note: peer },
        { label: "aloft plan, nothing to do", unit: "ms", ...plan, note: peer },
      ] satisfies Figure[];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
