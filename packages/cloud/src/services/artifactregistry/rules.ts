import { Repository_Format, Repository_Mode } from "../../../gen/artifactregistry-v1.enums.ts";
import type { Repository } from "../../../gen/types/google/devtools/artifactregistry/v1/repository_pb.js";
import { RpcError } from "../../wire/rpc-error.ts";
import { parseRepository } from "./names.ts";

export const api = "artifactregistry.googleapis.com";

/** From docs.cloud.google.com/artifact-registry: the rule that the console and gcloud state for names. */
const idPattern = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const locationPattern = /^[a-z]+[a-z0-9-]*$/;

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);

/** The parts of `projects/p/locations/l`. */
export function parseLocation(parent: string): { readonly project: string; readonly location: string } {
  const match = /^projects\/([^/]+)\/locations\/([^/]+)$/.exec(parent);
  if (match === null) throw invalid(`Invalid parent "${parent}": it must be projects/PROJECT/locations/LOCATION.`);
  return { project: match[1] as string, location: match[2] as string };
}

export function checkNew(parent: string, id: string, repository: Repository | undefined): Repository {
  const { location } = parseLocation(parent);
  if (!locationPattern.test(location)) throw invalid(`Invalid location "${location}".`);
  if (!idPattern.test(id)) {
    throw invalid(
      `Invalid repository id "${id}": it may have lowercase letters, digits and hyphens, begins with a letter, ends with a letter or digit and has at most 63 characters.`,
    );
  }
  if (repository === undefined) throw invalid("Field [repository] is required.");
  const { format, mode } = repository;
  if (format === Repository_Format.FORMAT_UNSPECIFIED) throw invalid("The repository format is required.");
  if (format !== Repository_Format.DOCKER) {
    throw unimplemented(`repositories of format ${nameIn(Repository_Format, format)}`);
  }
  if (mode === Repository_Mode.REMOTE_REPOSITORY) {
    throw unimplemented(`repositories of mode ${nameIn(Repository_Mode, mode)}`);
  }
  checkUpstreams(repository);
  checkLabels(repository.labels);
  return repository;
}

/** A virtual repository names its upstreams, each a standard repository; nothing else does. */
function checkUpstreams({ mode, modeConfig }: Repository): void {
  const virtual = mode === Repository_Mode.VIRTUAL_REPOSITORY;
  if (modeConfig.case !== undefined && (!virtual || modeConfig.case !== "virtualRepositoryConfig")) {
    throw invalid("The repository's mode and its mode_config do not match.");
  }
  for (const { repository } of modeConfig.case === "virtualRepositoryConfig" ? modeConfig.value.upstreamPolicies : []) {
    if (parseRepository(repository) === undefined) throw invalid(`Invalid upstream repository "${repository}".`);
  }
}

export function checkLabels(labels: Readonly<Record<string, string>>): void {
  if (Object.keys(labels).length > 64) throw invalid("A repository can have at most 64 labels.");
  for (const [key, value] of Object.entries(labels)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) throw invalid(`Invalid label key "${key}".`);
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) throw invalid(`Invalid value "${value}" of label "${key}".`);
  }
}

export function unimplemented(what: string): RpcError {
  return new RpcError("UNIMPLEMENTED", `The local cloud does not have ${what}.`);
}

function nameIn(values: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(values).find(([, value]) => value === number)?.[0] ?? String(number);
}

/** What each path of an update mask sets; the rest is output only, immutable or of other formats. */
const setters: Readonly<Record<string, (to: Repository, from: Repository) => void>> = {
  description: (to, from) => {
    to.description = from.description;
  },
  labels: (to, from) => {
    to.labels = from.labels;
  },
  docker_config: setDocker,
  "docker_config.immutable_tags": setDocker,
  virtual_repository_config: (to, from) => {
    to.modeConfig = from.modeConfig;
  },
  vulnerability_scanning_config: setScanning,
  "vulnerability_scanning_config.enablement_config": setScanning,
  cleanup_policies: (to, from) => {
    to.cleanupPolicies = from.cleanupPolicies;
  },
  cleanup_policy_dry_run: (to, from) => {
    to.cleanupPolicyDryRun = from.cleanupPolicyDryRun;
  },
};

function setScanning(to: Repository, from: Repository): void {
  if (from.vulnerabilityScanningConfig === undefined) delete to.vulnerabilityScanningConfig;
  else to.vulnerabilityScanningConfig = from.vulnerabilityScanningConfig;
}

function setDocker(to: Repository, from: Repository): void {
  if (from.formatConfig.case === "dockerConfig") to.formatConfig = from.formatConfig;
  else to.formatConfig = { case: undefined };
}

/** Sets in `to` (the caller's own copy) what the mask names; without one, all that can be set. */
export function applyMask(to: Repository, from: Repository, paths: readonly string[]): void {
  const all = Object.keys(setters).filter((path) => !path.includes("."));
  for (const path of paths.length === 0 || paths.includes("*") ? all : paths) {
    const set = setters[path];
    if (set === undefined) throw invalid(`Field "${path}" of a repository cannot be updated.`);
    set(to, from);
  }
  checkLabels(to.labels);
  checkUpstreams(to);
}
