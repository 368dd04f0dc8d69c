import type { Violation } from "./violations.ts";

/** Namespaces that Cloud Run keeps for itself: what v1 said in them has fields of its own in v2. */
const systemNamespaces = [
  "run.googleapis.com",
  "cloud.googleapis.com",
  "serving.knative.dev",
  "autoscaling.knative.dev",
];

/** Whether a label or annotation is in a namespace of Cloud Run's own. */
export function isSystemKey(key: string): boolean {
  const namespace = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  return systemNamespaces.some((each) => namespace === each || namespace.endsWith(`.${each}`));
}

/** What is wrong with labels and annotations: system namespaces, and labels that billing could not take. */
export function checkMetadata(
  found: Violation[],
  root: string,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): void {
  for (const [kind, keys] of [
    ["labels", Object.keys(labels)],
    ["annotations", Object.keys(annotations)],
  ] as const) {
    for (const key of keys) {
      const namespace = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
      if (!isSystemKey(key)) continue;
      found.push({
        field: `${root}.${kind}`,
        description: `${kind} in the namespace '${namespace}' are not supported in the Cloud Run API v2: '${key}'.`,
      });
    }
  }
  for (const [key, value] of Object.entries(labels)) {
    const namespaced = key.includes("/");
    if (
      namespaced ||
      (/^\p{Ll}[\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) && /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value))
    ) {
      continue;
    }
    found.push({
      field: `${root}.labels`,
      description:
        `label '${key}' is invalid: keys and values use lowercase letters, digits, '_' and '-', at most 63 ` +
        "characters, and keys begin with a letter.",
    });
  }
}
