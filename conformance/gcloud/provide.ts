import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { services } from "../../packages/cloud/src/services/index.ts";
import { pushServer } from "../../packages/cloud/src/services/run/testing/image.ts";
import { type Place, project as usualProject } from "../place.ts";
import { type Command, commandsOf } from "./command.ts";
import type { Line } from "./lines.ts";
import { program } from "./setup.ts";

type Provide = (command: string, project: string) => Promise<void>;

/** What makes something: a line of the file makes it by itself, at its place. */
const makers =
  /\b(?:secrets create|run deploy|run jobs (?:create|deploy)|service-accounts create|repositories create|keyrings create|keys create|buckets create|mb)\b[^;|&]*/g;
const image =
  /([\w-]+)-docker\.pkg\.dev\/([\w-]+)\/([\w-]+)\/([\w./-]+?)(?::([\w.-]+)|@sha256:[0-9a-f]+)?(?=["'\s,]|$)/g;
const usualImage = "us-central1-docker.pkg.dev/demo/sync-hire/sync-hire-agent:latest";

/**
 * Makes what a line takes for granted and no line of the file makes: its project's APIs, images, secrets with values,
 * services and jobs, accounts, buckets and objects, rings and keys, files. What is there stays as it is.
 */
export function provider(place: Place, lines: readonly Line[]): Provide {
  const { api, cloud, folder } = place;
  const makes = lines.flatMap(({ command, refused }) => (refused ? [] : (command.match(makers) ?? []))).join("\n");
  const ours = (name: string | undefined): name is string =>
    name !== undefined && name !== "" && !/[$*`]/.test(name) && !new RegExp(`\\b${escaped(name)}\\b`).test(makes);
  const isThere = (path: string): Promise<boolean> =>
    api("GET", path).then(
      () => true,
      () => false,
    );
  const ready = new Set<string>([usualProject]);

  const projectReady = (id: string): void => {
    if (ready.has(id)) return;
    ready.add(id);
    cloud.host.projects.ensure(id);
    for (const service of services) cloud.host.projects.setEnabled(id, service.api, true);
  };
  const pushed = async (command: string): Promise<void> => {
    for (const [, region = "", project = "", repository = "", name = "", tag = "latest"] of command.matchAll(image)) {
      const place = `artifactregistry.googleapis.com/v1/projects/${project}/locations/${region}/repositories`;
      if (/repositories create/.test(command)) continue;
      projectReady(project);
      if (!(await isThere(`${place}/${repository}`))) {
        await api("POST", `${place}?repositoryId=${repository}`, { format: "DOCKER" });
      }
      const packages = `${place}/${repository}/packages/${encodeURIComponent(name)}/tags/${tag}`;
      if (region !== "us-central1" || (await isThere(packages))) continue;
      await pushServer(cloud.url, cloud.token(), { to: `${project}/${repository}/${name}`, tag, program });
    }
  };
  const secretWith = async (project: string, name: string | undefined, version = ""): Promise<void> => {
    if (!ours(name)) return;
    const path = `secretmanager.googleapis.com/v1/projects/${project}/secrets`;
    if (!(await isThere(`${path}/${name}`))) {
      await api("POST", `${path}?secretId=${name}`, { replication: { automatic: {} } });
    }
    const wanted = version === "" ? 0 : version === "latest" ? 1 : Number(version);
    for (let n = 1; n <= Math.min(wanted || 0, 10); n++) {
      if (await isThere(`${path}/${name}/versions/${n}`)) continue;
      await api("POST", `${path}/${name}:addVersion`, { payload: { data: Buffer.from(`v${n}`).toString("base64") } });
    }
  };
  const account = async (email: string | undefined): Promise<void> => {
    const [, id, project] = /^([\w-]+)@([\w-]+)\.iam\.gserviceaccount\.com$/.exec(email ?? "") ?? [];
    if (project === undefined || !ours(id)) return;
    projectReady(project);
    const path = `iam.googleapis.com/v1/projects/${project}/serviceAccounts`;
    if (!(await isThere(`${path}/${email}`))) await api("POST", path, { accountId: id });
  };
  const runs = async (command: Command, project: string, kind: "services" | "jobs", name: string): Promise<void> => {
    if (!ours(name) || !/^[a-z][a-z0-9-]*$/.test(name)) return;
    const region = command.flags.region ?? "us-central1";
    const path = `run.googleapis.com/v2/projects/${project}/locations/${region}/${kind}`;
    if (await isThere(`${path}/${name}`)) return;
    const containers = [{ image: usualImage, ...(kind === "jobs" ? { command: ["node"], args: ["-e", ""] } : {}) }];
    const template = kind === "jobs" ? { template: { containers } } : { containers };
    const started = await api("POST", `${path}?${kind === "jobs" ? "jobId" : "serviceId"}=${name}`, { template });
    await api("POST", `run.googleapis.com/v2/${started.name}:wait`, { timeout: "60s" });
  };
  const bucketWith = async (project: string, url: string, command: Command): Promise<void> => {
    const [, bucket, object = ""] = /^gs:\/\/([\w.-]+)\/?(.*)$/.exec(url) ?? [];
    if (!ours(bucket)) return;
    const path = "storage.googleapis.com/storage/v1/b";
    if (!(await isThere(`${path}/${bucket}`))) {
      await api("POST", `${path}?project=${project}`, { name: bucket, location: "us-central1" });
    }
    const reading = command.words.some((word) =>
      /^(cat|stat|mv|rm|hash|setmeta|signurl|sign-url|describe)$/.test(word),
    );
    const source = command.words.some((word) => /^(cp|compose|rewrite)$/.test(word)) && command.words.at(-1) !== url;
    if (object === "" || /[*?[\]$]|\/$/.test(object) || !(reading || source)) return;
    const at = `${path}/${bucket}/o/${encodeURIComponent(object)}`;
    if (await isThere(at)) return;
    await api("POST", `${path}/${bucket}/o?name=${encodeURIComponent(object)}`, {});
  };
  const keyOf = async ({ flags, words, text }: Command, project: string): Promise<void> => {
    const location = flags.location ?? "global";
    const root = `cloudkms.googleapis.com/v1/projects/${project}/locations/${location}/keyRings`;
    const ring = flags.keyring ?? (words[1] === "keyrings" ? words[3] : undefined);
    if (ring === undefined || /keyrings create/.test(text)) return;
    if (ours(ring) && !(await isThere(`${root}/${ring}`))) await api("POST", `${root}?keyRingId=${ring}`, {});
    const key = flags.key ?? (words[1] === "keys" && words[2] !== "versions" ? words[3] : undefined);
    if (!ours(key) || /keys create/.test(text) || (await isThere(`${root}/${ring}/cryptoKeys/${key}`))) return;
    await api("POST", `${root}/${ring}/cryptoKeys?cryptoKeyId=${key}`, { purpose: "ENCRYPT_DECRYPT" });
  };
  const file = (path: string | undefined, text: string | Buffer): void => {
    if (path === undefined || path === "-" || path === "" || /[$*<>(]/.test(path)) return;
    const at = join(folder, path);
    if (existsSync(at) || !at.startsWith(folder)) return;
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
  };

  return async (line, current) => {
    await pushed(line);
    for (const command of commandsOf(line)) {
      const { program: of, words, flags, text } = command;
      const project = flags.project ?? (of === "gsutil" ? flags.p : undefined) ?? current;
      if (/^[a-z][a-z0-9-]+$/.test(project)) projectReady(project);
      const [group, noun, verb = "", name = ""] = words;
      if (of === "gsutil" || group === "storage") {
        if (!/\b(mb|buckets create)\b/.test(text))
          for (const word of words) if (word.startsWith("gs://")) await bucketWith(project, word, command);
        continue;
      }
      if (group === "secrets") {
        if (noun === "versions") {
          const versioned = /^(access|describe|enable|disable|destroy)$/.test(verb);
          if (versioned) await secretWith(project, flags.secret, name);
          else await secretWith(project, name, verb === "list" ? "1" : "");
        } else if (noun !== "create" && noun !== "list") await secretWith(project, verb);
      }
      for (const flag of ["set-secrets", "update-secrets"]) {
        for (const [, secret, version] of (flags[flag] ?? "").matchAll(/=([\w-]+):(\w+)/g))
          await secretWith(project, secret, version);
      }
      if (group === "run" && noun === "services" && !/^(list|replace)$/.test(verb)) {
        await runs(command, project, "services", verb === "logs" ? (words[4] ?? "") : name);
      }
      if (group === "run" && noun === "revisions" && flags.service !== undefined)
        await runs(command, project, "services", flags.service);
      if (group === "run" && noun === "jobs" && !/^(list|replace|create|deploy|executions|logs)$/.test(verb))
        await runs(command, project, "jobs", name);
      await account(flags["service-account"]);
      await account(flags["iam-account"]);
      if (group === "iam" && noun === "service-accounts" && verb !== "create") await account(name);
      if (group === "kms") await keyOf(command, project);
      if (group === "artifacts" && noun === "repositories" && !/^(create|list)$/.test(verb) && ours(name)) {
        const at = `artifactregistry.googleapis.com/v1/projects/${project}/locations/${flags.location ?? "us-central1"}/repositories`;
        if (!(await isThere(`${at}/${name}`))) await api("POST", `${at}?repositoryId=${name}`, { format: "DOCKER" });
      }
      file(flags["data-file"], "a value");
      file(flags["env-vars-file"], "MODE: staging\n");
      file(flags["plaintext-file"], "clear");
      for (const each of [flags["cred-file"], flags["key-file"]]) {
        file(each, readFileSync(join(folder, "sa-key.json")));
      }
    }
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
