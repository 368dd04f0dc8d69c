import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentsModule } from "./node-agents.ts";

/** What a program of another language reads to be somebody at the local cloud. All of mode 0600, in the state folder. */
export interface ProgramFiles {
  /** An access token alone, for gcloud. */
  readonly token: string;
  /** Application Default Credentials, for the libraries and Terraform. */
  readonly credentials: string;
  /** For gsutil, which reads nothing else. */
  readonly boto: string;
  /** What Node is to load before a program, see `node-agents.ts`. */
  readonly nodeAgents: string;
  /** gcloud's configuration, caches and logs, in place of the user's. */
  readonly gcloud: string;
}

export interface Identity {
  /** `you@local.aloft`, or a service account. */
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface WriteOptions {
  /** The cloud's state folder. */
  readonly dir: string;
  readonly identity: Identity;
  readonly proxy: { readonly host: string; readonly port: number };
  readonly bundle: string;
  readonly project: string | undefined;
}

/** Of no program of Google's: its libraries know those and warn. */
const client = { client_id: "aloft.apps.googleusercontent.com", client_secret: "not-a-secret" };

/** Writes them for this identity, in place of those of an earlier run. Runs at one time share them. */
export function writeProgramFiles(options: WriteOptions): ProgramFiles {
  const { dir, identity } = options;
  const folder = join(dir, "exec", identity.email);
  const gcloud = join(dir, "exec/gcloud");
  for (const each of [folder, gcloud]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const credentials = { type: "authorized_user", ...client, refresh_token: identity.refreshToken };
  return {
    token: write(folder, "token", identity.accessToken),
    credentials: write(folder, "credentials.json", `${JSON.stringify(credentials, null, 2)}\n`),
    boto: write(folder, "boto", boto(options, join(folder, "gsutil"))),
    nodeAgents: write(join(dir, "exec"), "node-agents.cjs", agentsModule),
    gcloud,
  };
}

/** Whole or not at all: a program may read it meanwhile. */
function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.${process.pid}`, text, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

function boto({ identity, proxy, bundle, project }: WriteOptions, state: string): string {
  // gsutil's parser takes % for the begin of a reference.
  return `[Credentials]
gs_oauth2_refresh_token = ${identity.refreshToken}

[OAuth2]
client_id = ${client.client_id}
client_secret = ${client.client_secret}

[Boto]
proxy = ${proxy.host}
proxy_port = ${proxy.port}
ca_certificates_file = ${bundle}

[GSUtil]
state_dir = ${state}
software_update_check_period = 0
${project === undefined ? "" : `default_project_id = ${project}\n`}`.replaceAll("%", "%%");
}
