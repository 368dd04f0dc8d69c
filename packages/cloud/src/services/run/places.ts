import { shortHash } from "@aloft/kit/ids";

/** Cloud Run's regions with the code that ends `NAME-HASH-CODE.a.run.app`, the same as App Engine's region ids. */
const codes: Readonly<Record<string, string>> = {
  "africa-south1": "bq",
  "asia-east1": "de",
  "asia-east2": "df",
  "asia-northeast1": "an",
  "asia-northeast2": "dt",
  "asia-northeast3": "du",
  "asia-south1": "el",
  "asia-south2": "em",
  "asia-southeast1": "as",
  "asia-southeast2": "et",
  "australia-southeast1": "ts",
  "australia-southeast2": "km",
  "europe-central2": "lm",
  "europe-north1": "lz",
  "europe-southwest1": "no",
  "europe-west1": "ew",
  "europe-west10": "oe",
  "europe-west12": "og",
  "europe-west2": "nw",
  "europe-west3": "ey",
  "europe-west4": "ez",
  "europe-west6": "oa",
  "europe-west8": "oc",
  "europe-west9": "od",
  "me-central1": "ww",
  "me-central2": "wx",
  "me-west1": "zf",
  "northamerica-northeast1": "nn",
  "northamerica-northeast2": "pd",
  "southamerica-east1": "rj",
  "southamerica-west1": "tl",
  "us-central1": "uc",
  "us-east1": "ue",
  "us-east4": "uk",
  "us-east5": "ul",
  "us-south1": "vp",
  "us-west1": "uw",
  "us-west2": "wl",
  "us-west3": "wm",
  "us-west4": "wn",
};

/** Whether Cloud Run is in this region. */
export function knownRegion(region: string): boolean {
  return codes[region] !== undefined;
}

export interface Addressed {
  readonly serviceId: string;
  readonly region: string;
  readonly projectNumber: string;
}

export interface Hosts {
  /** `NAME-HASH-RC.a.run.app`: what `uri` names. The hash is one for a project. */
  readonly hashed: string;
  /** `NAME-NUMBER.REGION.run.app`; undefined where its first label would be longer than 63 characters. */
  readonly numbered: string | undefined;
}

const longestLabel = 63;

/** The host names of a service. */
export function hostsOf(at: Addressed): Hosts {
  const hash = shortHash(`run/${at.projectNumber}`, 10);
  const code = codes[at.region] ?? "uc";
  const label = `${at.serviceId}-${at.projectNumber}`;
  return {
    hashed: `${at.serviceId}-${hash}-${code}.a.run.app`,
    numbered: label.length <= longestLabel ? `${label}.${at.region}.run.app` : undefined,
  };
}

/** `urls` as Google orders them: the one by number, then the one by hash. */
export function urlsOf(at: Addressed): readonly string[] {
  const { hashed, numbered } = hostsOf(at);
  return [...(numbered === undefined ? [] : [`https://${numbered}`]), `https://${hashed}`];
}

/** `https://TAG---NAME-HASH-RC.a.run.app` */
export function tagUrl(tag: string, at: Addressed): string {
  return `https://${tag}---${hostsOf(at).hashed}`;
}
