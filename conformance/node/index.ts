import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pushServer } from "../../packages/cloud/src/services/run/testing/image.ts";
import { casesOf, endOf } from "../child.ts";
import { openPlace, type Place } from "../place.ts";
import type { Suite } from "../suite.ts";

const libraries = ["secret-manager", "kms", "run", "logging", "monitoring", "storage"];

/** The official clients for Node, over gRPC and over REST. */
export const node: Suite = {
  name: "node",
  about: "the official clients for Node, over gRPC and REST, through aloft exec",
  options: ["only"],
  run: async ({ only }, report) => {
    for (const name of libraries) {
      const path = join(import.meta.dirname, `../../node_modules/@google-cloud/${name}/package.json`);
      report.version(`@google-cloud/${name}`, JSON.parse(readFileSync(path, "utf8")).version);
    }
    await using place = await openPlace(report);
    await pushApp(place);
    const program = [process.execPath, join(import.meta.dirname, "main.ts"), ...(only === undefined ? [] : [only])];
    const ran = await place.exec(program as [string, ...string[]], {
      exec: ["--project", "demo"],
      timeoutMs: 300_000,
      onLine: casesOf(report),
    });
    endOf(ran, "node", report);
  },
};

/** The image that the clients of Cloud Run deploy. */
export async function pushApp({ api, cloud }: Place): Promise<void> {
  const repositories = "artifactregistry.googleapis.com/v1/projects/demo/locations/us-central1/repositories";
  await api("POST", `${repositories}?repositoryId=apps`, { format: "DOCKER" });
  await pushServer(cloud.url, cloud.token());
}
