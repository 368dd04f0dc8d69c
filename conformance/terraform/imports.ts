import type { Resource } from "./cli.ts";

/** What the provider cannot import, or imports as something else than was applied. */
const never = [
  /^google_storage_bucket_object$/,
  /^google_service_account_key$/,
  /^google_storage_(\w+_)?acl$/,
  /^google_kms_secret_ciphertext$/,
  // What it makes of the id is not what a configuration says: a project projects/P, a ring as the id.
  /^google_logging_project_bucket_config$/,
  /^google_kms_key_ring_import_job$/,
  // Of a bucket that is not imported.
  /^google_logging_log_view$/,
  /^google_project_(default_service_accounts|iam_member_remove|service_identity)$/,
];

/** Where the id for `import` is not the one of the state. */
const ids: readonly (readonly [type: RegExp, id: (resource: Resource) => string | undefined])[] = [
  [/_iam_member$/, ({ values }) => [...parent(values), values.role, values.member, ...title(values)].join(" ")],
  [/_iam_binding$/, ({ values }) => [...parent(values), values.role, ...title(values)].join(" ")],
  [/_iam_policy$/, ({ values }) => parent(values).join(" ")],
  [/_iam_audit_config$/, ({ values }) => [...parent(values), values.service].join(" ")],
  [/^google_logging_metric$/, ({ values }) => `${values.project} ${values.name}`],
  [
    /^google_cloud_run_service$/,
    ({ values }) => `locations/${values.location}/namespaces/${values.project}/services/${values.name}`,
  ],
  // The name tells the project's number, which is not what configurations say.
  [/secret_version$/, ({ values }) => `${values.secret}/versions/${values.version}`],
];

/** The members of a grant's state that name its parent; what it is called differs with the parent. */
function parent(values: Resource["values"]): readonly unknown[] {
  const { id, role, member, service } = values;
  // `b/bucket/roles/x/user:y`: what comes before the role, the member or the service.
  const whole = String(id);
  const ends = [role, member, service].flatMap((each) => {
    const at = typeof each === "string" ? whole.indexOf(`/${each}`) : -1;
    return at < 0 ? [] : [at];
  });
  const found = ends.length === 0 ? whole : whole.slice(0, Math.min(...ends));
  return [found.replace(/\/audit_config$/, "")];
}

function title({ condition }: Resource["values"]): readonly string[] {
  const [first] = (condition ?? []) as readonly { readonly title?: string }[];
  return first?.title === undefined ? [] : [first.title];
}

export function importIdOf(resource: Resource): string | undefined {
  const own = ids.find(([type]) => type.test(resource.type));
  const id = own === undefined ? resource.values.id : own[1](resource);
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Of the provider's own resources: those that `import` can take in. */
export function importable(resource: Resource): boolean {
  const { mode, type, values } = resource;
  if (mode !== "managed" || !type.startsWith("google_") || never.some((each) => each.test(type))) return false;
  // What is off cannot be read, and how a value was written down is nowhere kept.
  const secret = type.endsWith("secret_version");
  if (secret && (values.enabled === false || values.is_secret_data_base64 === true || !values.secret_data))
    return false;
  return importIdOf(resource) !== undefined;
}
