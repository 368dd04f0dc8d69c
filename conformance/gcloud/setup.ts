import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pushServer } from "../../packages/cloud/src/services/run/testing/image.ts";
import { type Place, project } from "../place.ts";

const region = "us-central1";

/** It logs plain lines: gcloud 528 crashes on JSON in `run services logs read`. */
export const program = `console.log("plain line");
require("node:http").createServer((req, res) => res.end("ok")).listen(process.env.PORT);`;

/** What the commands presuppose: images, secrets with values, a service, a key, files; and a gcloud that knows its project. */
export async function setUp(place: Place): Promise<void> {
  const { cloud, api, folder } = place;
  for (const each of ["sqladmin", "sql-component", "compute"])
    cloud.host.projects.setEnabled(project, `${each}.googleapis.com`, true);

  const repositories = `artifactregistry.googleapis.com/v1/projects/${project}/locations/${region}/repositories`;
  await api("POST", `${repositories}?repositoryId=sync-hire`, { format: "DOCKER" });
  await pushServer(cloud.url, cloud.token(), {
    ...{ to: "demo/sync-hire/sync-hire-agent", tag: "latest", program },
  });

  const secrets = `secretmanager.googleapis.com/v1/projects/${project}/secrets`;
  for (const name of ["SECRET_NAME", "REDIS_URL", "OPENROUTER_API_KEY", "gitlab-token", "gitlab-url"])
    await api("POST", `${secrets}?secretId=${name}`, { replication: { automatic: {} } });

  const service = `run.googleapis.com/v2/projects/${project}/locations/${region}/services`;
  const image = `${region}-docker.pkg.dev/demo/sync-hire/sync-hire-agent:latest`;
  // A command sends traffic to a revision of this very name.
  for (const [name, revision] of [["storymimi-api"], ["sync-hire-agent", "sync-hire-agent-00001-abc"]]) {
    const template = { containers: [{ image }], ...(revision === undefined ? {} : { revision }) };
    const started = await api("POST", `${service}?serviceId=${name}`, { template });
    await api("POST", `run.googleapis.com/v2/${started.name}:wait`, { timeout: "60s" });
  }

  const accounts = `iam.googleapis.com/v1/projects/${project}/serviceAccounts`;
  await api("POST", accounts, { accountId: "deployer" });
  const email = `deployer@${project}.iam.gserviceaccount.com`;
  const key = await api("POST", `${accounts}/${email}/keys`, {});
  const write = (path: string, text: string | Buffer): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("sa-key.json", Buffer.from(key.privateKeyData, "base64"));
  write("runtime-env-vars-stg.yaml", "MODE: staging\n");
  write("frontend/dist/index.html", "<!doctype html><title>Gaia</title>\n");
  write("frontend/dist/assets/app.js", "export {};\n");
  write("data/a.json", '{"a":1}\n');
  write("data/b.json", '{"b":2}\n');

  for (const [name, value] of [
    ["project", project],
    ["run/region", region],
    ["survey/disable_prompts", "true"],
  ] as const) {
    const { code, stderr } = await place.exec(["gcloud", "config", "set", name, value]);
    if (code !== 0) throw new Error(`gcloud config set ${name} ${value}: ${stderr}`);
  }
}
