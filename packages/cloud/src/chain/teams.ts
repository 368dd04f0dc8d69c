/** Who has which roles by a policy. */
interface Grants {
  readonly grantsOf: ReadonlyMap<string, readonly { readonly role: string }[]>;
}

const roleOfTeam = new Map([
  ["projectOwner", "roles/owner"],
  ["projectEditor", "roles/editor"],
  ["projectViewer", "roles/viewer"],
]);

/** Whether a member is a team of a project's: `projectOwner:demo`, who holds `roles/owner` in it. */
export function isTeam(member: string): boolean {
  return roleOfTeam.has(member.slice(0, Math.max(0, member.indexOf(":"))));
}

/** Whether a caller of these names is in the team: by a binding in the project's own policy. */
export function inTeam(
  team: string,
  names: readonly string[],
  policyOf: (resource: string) => Grants | undefined,
): boolean {
  const colon = team.indexOf(":");
  const role = roleOfTeam.get(team.slice(0, colon));
  const policy = policyOf(`projects/${team.slice(colon + 1)}`);
  return (
    role !== undefined &&
    names.some((name) => policy?.grantsOf.get(name)?.some((grant) => grant.role === role) === true)
  );
}
