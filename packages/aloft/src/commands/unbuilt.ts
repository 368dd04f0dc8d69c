import { Failure } from "@aloft/kit/failure";

/** Commands that the design names and this version lacks, with what does the work today. */
export const unbuilt: Readonly<Record<string, string>> = {
  init: "write aloft.config.ts by hand: examples/storymimi has one to start from",
  dev: "aloft up, again after each change",
  rollback: "put the earlier code or value back and run aloft up",
  releases: "aloft status shows the revision that serves",
  schedules: "call the service's URL from a cron of your own",
  cost: "see https://cloud.google.com/products/calculator",
  export: "aloft plan --json gives the plan as data",
  golive: "aloft plan --env NAME, then aloft up --env NAME",
  "secrets create": "aloft secrets set NAME makes the secret with its first version",
  "secrets versions": "aloft secrets list shows each secret's versions",
  "secrets disable": "gcloud secrets versions disable VERSION --secret NAME",
  "secrets enable": "gcloud secrets versions enable VERSION --secret NAME",
  "secrets destroy": "gcloud secrets versions destroy VERSION --secret NAME",
  "secrets migrate": "aloft secrets import FILE takes a .env file",
  "secrets sync": "aloft secrets import FILE takes a .env file",
  "secrets diff": "aloft secrets import FILE --dry-run says which values differ",
  "secrets rotate": "aloft secrets set NAME, then aloft up",
  "secrets grant": "name the secret in the service's secrets and run aloft up: the grant follows",
  "secrets audit": "aloft logs shows what the services say",
  "secrets check": "aloft plan names every secret without a value",
  "secrets scan": "keep values out of the repository: .env is ignored by git here",
  "secrets backup": "aloft secrets get NAME prints one value",
  "secrets restore": "aloft secrets import FILE takes a .env file",
  "secrets run": "aloft secrets get NAME prints one value",
  "secrets edit": "aloft secrets set NAME",
  "secrets encrypt": "use sops",
  "secrets decrypt": "use sops",
  "secrets recipients": "use sops",
};

export function unimplemented(name: string): Failure {
  return new Failure({
    code: "UNIMPLEMENTED",
    what: `aloft ${name} is not built yet`,
    ...(unbuilt[name] === undefined ? {} : { next: unbuilt[name] }),
  });
}
