/** What conditions know of a resource. */
export interface ConditionResource {
  /** Relative, as its API names it to conditions: `projects/123456789012/secrets/s`. */
  readonly name: string;
  /** `secretmanager.googleapis.com/Secret` */
  readonly type: string;
  /** `secretmanager.googleapis.com` */
  readonly service: string;
}

/** APIs that name projects by number in conditions, as Google's attribute reference lists them. */
const byNumber: ReadonlySet<string> = new Set(["secretmanager.googleapis.com", "cloudresourcemanager.googleapis.com"]);

const named: Readonly<Record<string, string>> = {
  "secretmanager.googleapis.com/versions": "SecretVersion",
  "iam.googleapis.com/keys": "ServiceAccountKey",
};

/**
 * The attributes of a resource as permission checks name it, with its API (`run.googleapis.com/projects/p/…`) or a
 * project. A project is Resource Manager's, whichever API asks.
 */
export function conditionResource(
  resource: string,
  numberOf: (projectId: string) => string | undefined,
): ConditionResource {
  const segments = resource.split("/");
  const api = segments[0]?.includes(".") ? segments[0] : "";
  const rest = api === "" ? segments : segments.slice(1);
  const service = api === "" || rest.length <= 2 ? "cloudresourcemanager.googleapis.com" : api;
  const number = rest[0] === "projects" && byNumber.has(service) ? numberOf(rest[1] ?? "") : undefined;
  const name = number === undefined ? rest : ["projects", number, ...rest.slice(2)];
  if (service === "storage.googleapis.com" && rest[2] === "buckets") {
    // Their names are global, and an object's may hold slashes.
    const kind = rest.length > 4 ? "Object" : "Bucket";
    return { name: ["projects", "_", ...rest.slice(2)].join("/"), type: `${service}/${kind}`, service };
  }
  const collection = rest.at(-2) ?? "";
  const type = named[`${service}/${collection}`] ?? singular(collection);
  return { name: name.join("/"), type: `${service}/${type}`, service };
}

/** `repositories` → `Repository`, `cryptoKeys` → `CryptoKey` */
function singular(collection: string): string {
  const one = collection.endsWith("ies") ? `${collection.slice(0, -3)}y` : collection.replace(/s$/, "");
  return one.slice(0, 1).toUpperCase() + one.slice(1);
}
