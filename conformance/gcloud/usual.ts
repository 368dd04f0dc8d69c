import { type Answer, project, type Ran } from "../place.ts";
import { type Command, commandsOf } from "./command.ts";
import type { Facts } from "./expect.ts";

/** What a line did: how it ended, and the methods of the local cloud that answered it without an error. */
export interface Done {
  readonly ran: Ran;
  readonly methods: readonly string[];
  /** Of commands that name none. */
  readonly project?: string;
}

const reads =
  /(^|[./])(get|list|test|read|access|search|fetch|tail|query|lookup|aggregated|wait|generate|batchget)\w*$/i;
const changes =
  /^(create|add|add-iam-policy-binding|update|update-traffic|replace|deploy|delete|destroy|enable|disable|set|set-iam-policy|remove-iam-policy-binding|undelete|restore|write|upload|execute|cancel|copy|upgrade)$/;
const gsutilChanges = /^(mb|rb|mv|rm|compose|setmeta|rewrite)$/;
const local = /^(config|auth|info|version|help|topic|components)$/;

/**
 * What is wrong with a line that nothing more is known of: it must have called the cloud, have changed something where
 * its command is one that changes, and have printed something where it asks; what it makes or removes is
 * looked for. An empty success does not pass.
 */
export async function usualJudgement(line: string, done: Done, at: Facts): Promise<string | undefined> {
  const all = commandsOf(line);
  const [first] = all;
  if (first === undefined) return "it is neither gcloud nor gsutil";
  const { stdout, stderr } = done.ran;
  const silent = /(>|--format=none|--no-user-output-enabled|\bgrep\b|(^|\s)-q\s)/.test(line);
  const changing = all.some(isChange);
  if (!changing && !silent && `${stdout}${stderr}`.trim() === "" && !mayBeEmpty(first)) return "it printed nothing";
  if (all.every(({ program, words }) => program === "gcloud" && local.test(words[0] ?? ""))) return undefined;
  if (first.program === "gsutil" && /^(version|help|hash)$/.test(first.words[0] ?? "")) return undefined;
  if (done.methods.length === 0) return "no method of the local cloud answered it";
  if (changing && !done.methods.some((method) => !reads.test(method)))
    return `it changed nothing: ${[...new Set(done.methods)].join(", ")}`;
  for (const command of all) {
    const wrong = await stateAfter(command, done.project ?? project, at);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Lists and logs may hold nothing. */
const mayBeEmpty = ({ words, program, flags }: Command): boolean =>
  program === "gsutil" || words.some((word) => /^(read|list|tail)$/.test(word)) || flags.quiet !== undefined;

function isChange({ program, words, flags }: Command): boolean {
  if (flags["validate-only"] !== undefined || flags["dry-run"] !== undefined) return false;
  if (program === "gsutil") {
    const [verb = "", second = ""] = words;
    return gsutilChanges.test(verb) || /^(set|ch|on|off)$/.test(second);
  }
  const verb = words.find((word) => changes.test(word));
  return verb !== undefined && !(words[0] === "config" || words[0] === "auth");
}

/** A resource that a command makes or removes, by the path that it is read at. */
interface Made {
  readonly of: RegExp;
  readonly path: (command: Command, name: string, project: string) => string;
  readonly wrong?: (found: Answer) => string | undefined;
}

const regionOf = ({ flags }: Command): string => flags.region ?? flags.location ?? "us-central1";
const readyOf = (found: Answer): string | undefined =>
  found.terminalCondition?.state === "CONDITION_SUCCEEDED" ? undefined : `it is ${found.terminalCondition?.state}`;
const runs = (command: Command, kind: string, name: string, project: string): string =>
  `run.googleapis.com/v2/projects/${project}/locations/${regionOf(command)}/${kind}/${name}`;
const bucketName = (name: string): string => name.replace(/^gs:\/\//, "").replace(/\/.*$/, "");

const made: readonly Made[] = [
  {
    of: /^secrets (create|delete) (\S+)$/,
    path: ({ flags }, name, p) =>
      flags.location === undefined
        ? `secretmanager.googleapis.com/v1/projects/${p}/secrets/${name}`
        : `secretmanager.${flags.location}.rep.googleapis.com/v1/projects/${p}/locations/${flags.location}/secrets/${name}`,
  },
  { of: /^run (deploy) (\S+)$/, path: (c, name, p) => runs(c, "services", name, p), wrong: readyOf },
  { of: /^run services (update|delete) (\S+)$/, path: (c, name, p) => runs(c, "services", name, p), wrong: readyOf },
  { of: /^run jobs (create|deploy|update|delete) (\S+)$/, path: (c, name, p) => runs(c, "jobs", name, p) },
  {
    of: /^iam service-accounts (create|delete) (\S+)$/,
    path: (_, name, p) =>
      `iam.googleapis.com/v1/projects/${p}/serviceAccounts/${name.includes("@") ? name : `${name}@${p}.iam.gserviceaccount.com`}`,
  },
  {
    of: /^artifacts repositories (create|delete) (\S+)$/,
    path: (c, name, p) =>
      `artifactregistry.googleapis.com/v1/projects/${p}/locations/${regionOf(c)}/repositories/${name}`,
  },
  {
    of: /^kms keyrings (create) (\S+)$/,
    path: (c, name, p) => `cloudkms.googleapis.com/v1/projects/${p}/locations/${regionOf(c)}/keyRings/${name}`,
  },
  {
    of: /^kms keys (create) (\S+)$/,
    path: (c, name, p) =>
      `cloudkms.googleapis.com/v1/projects/${p}/locations/${regionOf(c)}/keyRings/${c.flags.keyring}/cryptoKeys/${name}`,
  },
  {
    of: /^logging sinks (create|delete) (\S+)/,
    path: (_, name, p) => `logging.googleapis.com/v2/projects/${p}/sinks/${name}`,
  },
  {
    of: /^logging metrics (create|delete) (\S+)/,
    path: (_, name, p) => `logging.googleapis.com/v2/projects/${p}/metrics/${name}`,
  },
  {
    of: /^(?:storage buckets (create|delete)|(mb|rb)) (gs:\/\/\S+)$/,
    path: (_, name) => `storage.googleapis.com/storage/v1/b/${bucketName(name)}`,
  },
];

async function stateAfter(command: Command, current: string, { api }: Facts): Promise<string | undefined> {
  const own = command.flags.project ?? (command.program === "gsutil" ? command.flags.p : undefined) ?? current;
  for (const { of, path, wrong } of made) {
    const found = of.exec(command.words.join(" "));
    if (found === null) continue;
    const [verb, name] = found.slice(1).filter((each) => each !== undefined);
    if (name === undefined || /[$`*]/.test(name) || command.flags["no-traffic"] !== undefined) continue;
    const at = path(command, name, own);
    const answer = await api("GET", at).catch((thrown: Error) => thrown);
    const gone = answer instanceof Error;
    if (/^(delete|rb)$/.test(verb ?? "")) {
      if (!gone && answer.deleteTime === undefined) return `${name} is still there`;
    } else if (gone) return `${name} is not there: ${answer.message.slice(0, 200)}`;
    else {
      const told = wrong?.(answer);
      if (told !== undefined) return `${name}: ${told}`;
    }
  }
  return undefined;
}
