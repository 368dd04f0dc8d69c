import type { Bindings } from "./bindings.ts";
import type { Answer } from "./exchange.ts";

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** Fields whose values the server makes up: that they are there is compared, and their type. */
const madeUp =
  /^(etag|uid|uniqueId|oauth2ClientId|privateKeyData|publicKeyData|generation|creator|lastModifier|mutatedBy|selfLinkWithId|crc32c|md5Hash)$/;
const address = /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/;
/**
 * Fields that Google has added to an answer since some recording was made, or that its recorder took out: where a
 * recording lacks them they are not compared. Other recordings, and the protos, have them.
 */
const addedLater =
  /^(\/metadata|\/response)?\/(urls|generation|registryUri|vulnerabilityScanningConfig|maintenanceVersion|availableMaintenanceVersions)$/;
/** What the recorder writes for a number that it blanked. */
const blanked = /^0{12,}$/;
/** They tell of Google's own sites. */
const ofSites = /^satisfiesPz[is]$/i;
/** What stands in a value where the real one differs each time. */
const inValues: readonly (readonly [RegExp, string])[] = [
  [/(-\d{5})-[a-z0-9]{3}$/, "$1-abc"],
  // The number of the project that was recorded live.
  [/:service-\d+@/, ":service-NUMBER@"],
  [/gcp-memorystore-auto-[0-9a-f]{16}/, "gcp-memorystore-auto-ID"],
  [/-[a-z0-9]{10}-uc\.a\.run\.app$/, "-HASH-uc.a.run.app"],
  [/^operations\/[\w.-]+$/, "operations/ID"],
  [/"etag":"[^"]*"/, '"etag":"ETAG"'],
];

function blank(text: string): string {
  return inValues.reduce((value, [pattern, to]) => value.replace(pattern, to), text);
}

/** Times and addresses are the server's to choose. */
function alike(recorded: string, ours: string): boolean {
  return (
    (time.test(recorded) && time.test(ours)) || (address.test(recorded) && address.test(ours)) || blanked.test(recorded)
  );
}

function brief(value: Answer): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

export interface Difference {
  /** `/response/labels/team`; "" is the whole body. */
  readonly at: string;
  readonly recorded: string;
  readonly ours: string;
}

/** Where our answer is not what was recorded. What varies from call to call is compared by its kind. */
export function compare(recorded: Answer, ours: Answer, bindings: Bindings, at = "", key = ""): readonly Difference[] {
  const differs = [{ at, recorded: brief(recorded), ours: brief(ours) }];
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours) || ours.length !== recorded.length) return differs;
    return recorded.flatMap((each, index) => compare(each, ours[index], bindings, `${at}/${index}`, key));
  }
  if (typeof recorded === "object" && recorded !== null) {
    if (typeof ours !== "object" || ours === null || Array.isArray(ours)) return differs;
    const keys = new Set([...Object.keys(recorded), ...Object.keys(ours)]);
    // The recorder left the details of errors out.
    if (at === "/error" && recorded.details === undefined) keys.delete("details");
    for (const name of keys)
      if (ofSites.test(name) || (recorded[name] === undefined && addedLater.test(`${at}/${name}`))) keys.delete(name);
    return [...keys].flatMap((name) =>
      compare(recorded[name], ours[name], bindings, `${at}/${bindings.fill(name)}`, name),
    );
  }
  if (typeof recorded === "string" && typeof ours === "string") {
    if (madeUp.test(key) || alike(recorded, ours)) return ours === "" ? differs : [];
    if (key === "projectNumber") return bindings.number(recorded, ours) ? [] : differs;
    return bindings.matches(recorded, ours) || bindings.matches(blank(recorded), blank(ours)) ? [] : differs;
  }
  return recorded === ours ? [] : differs;
}
