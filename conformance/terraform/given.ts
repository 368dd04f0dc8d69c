import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "@aloft/cloud";
import { services } from "../../packages/cloud/src/services/index.ts";
import { pushServer } from "../../packages/cloud/src/services/run/testing/image.ts";
import { type Place, project, projectNumber } from "../place.ts";
import type { Terraform } from "./cli.ts";
import { sources, valuesFile } from "./configurations.ts";

const usual: Readonly<Record<string, string>> = {
  ...{ project, project_id: project, gcp_project: project, gcp_project_id: project, google_project: project },
  ...{
    project_number: String(projectNumber),
    region: "us-central1",
    location: "us-central1",
    gcp_region: "us-central1",
  },
  ...{ zone: "us-central1-a", environment: "test", env: "test" },
};

/** `TF_VAR_…` for the usual variables that the configuration has no value for. */
export function openVariables(folder: string): Readonly<Record<string, string>> {
  const given = globSync(["terraform.tfvars*", "*.auto.tfvars*", valuesFile(folder) ?? ""], { cwd: folder })
    .map((path) => readFileSync(join(folder, path), "utf8"))
    .join("\n");
  const declared = sources(folder).matchAll(/^variable\s+"(\w+)"\s*\{(?:[^\n]*\}|[\s\S]*?\n\})/gm);
  const open = [...declared].filter(
    ([block, name]) => !/\bdefault\s*=/.test(block) && !new RegExp(`^\\s*"?${name}"?\\s*[=:]`, "m").test(given),
  );
  return Object.fromEntries(
    open.flatMap(([, name = ""]) => (usual[name] === undefined ? [] : [[`TF_VAR_${name}`, usual[name]]])),
  );
}

/**
 * What a configuration presupposes before `init`: the projects that it names and does not make, with their APIs, and
 * its state's bucket.
 */
export async function prepare({ cloud, api }: Place, folder: string): Promise<void> {
  const text = sources(folder);
  const made = [...text.matchAll(/^resource\s+"google_project"\s[\s\S]*?\n\}/gm)].map(([block]) => block).join("\n");
  for (const [, id = ""] of text.matchAll(/^\s*project(?:_id)?\s*=\s*"([a-z][a-z0-9-]{4,28}[a-z0-9])"/gm)) {
    if (new RegExp(`\\bproject_id\\s*=\\s*"${id}"`).test(made)) continue;
    cloud.host.projects.ensure(id);
    for (const service of services) cloud.host.projects.setEnabled(id, service.api, true);
  }
  for (const [, block = ""] of text.matchAll(/backend\s+"gcs"\s*\{([^}]*)\}/g)) {
    const name = /\bbucket\s*=\s*"([^"]+)"/.exec(block)?.[1];
    if (name !== undefined) await api("POST", `storage.googleapis.com/storage/v1/b?project=${project}`, { name });
  }
}

/** Answers as a service, ends as a job, and stays as a sidecar, which has no port. */
const program = `const { CLOUD_RUN_JOB, PORT } = process.env;
if (CLOUD_RUN_JOB) console.log("done");
else if (PORT) require("node:http").createServer((_, answer) => answer.end("ok")).listen(PORT);
else setInterval(() => undefined, 60_000);`;

/** A project with every API. */
function open(cloud: Cloud, id: string): void {
  cloud.host.projects.ensure(id);
  for (const { api } of services) cloud.host.projects.setEnabled(id, api, true);
}

/** Puts a small server under each name that a plan deploys and the registry does not hold. */
export async function pushImages({ cloud, api }: Place, terraform: Terraform, folder: string): Promise<void> {
  if (!readsOf(folder).includes("google_cloud_run")) return;
  await terraform.plan();
  const planned = await terraform.details();
  const images = new Set(
    planned.filter(({ type }) => type.startsWith("google_cloud_run")).flatMap(({ after }) => imagesOf(after)),
  );
  const created = planned.filter(({ type }) => type === "google_artifact_registry_repository");
  for (const image of images) {
    const [, location, id, repository, path, tag = "latest"] =
      /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\/([^:@]+)(?::([^@]+))?$/.exec(image) ?? [];
    if (location === undefined || id === undefined) continue;
    const own = created.find(({ after }) => after?.repository_id === repository);
    if (own !== undefined) {
      await terraform.plan(`-target=${own.address}`);
      await terraform.apply();
    } else {
      open(cloud, id);
      const parent = `artifactregistry.googleapis.com/v1/projects/${id}/locations/${location}/repositories`;
      await api("POST", `${parent}?repositoryId=${repository}`, { format: "DOCKER" }).catch(() => undefined);
      // Another project's images are for all, as Google's samples are.
      const bindings = [{ role: "roles/artifactregistry.reader", members: ["allUsers"] }];
      if (id !== project) await api("POST", `${parent}/${repository}:setIamPolicy`, { policy: { bindings } });
    }
    const host = `${location}-docker.pkg.dev`;
    await pushServer(cloud.url, cloud.token(), {
      ...{ host, to: `${id}/${repository}/${path}`, tag, program },
    });
  }
}

/** The text of what a configuration is made of, its modules among it. */
function readsOf(folder: string): string {
  const root = sources(folder).includes('"../') ? join(folder, "..") : folder;
  return globSync("**/*.tf", { cwd: root })
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
}

function imagesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(imagesOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === "image" && typeof each === "string" ? [each] : imagesOf(each),
  );
}
