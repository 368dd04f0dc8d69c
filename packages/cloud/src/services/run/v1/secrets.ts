/** Names of secrets: v1 has ids, with aliases in an annotation for those of other projects; v2 has ids or whole names. */
export interface SecretNames {
  /** What v2 has for a name or an alias of v1. */
  full(name: string): string;
  /** What v1 has for a name of v2; remembers the alias that it needs. */
  short(name: string): string;
  /** The annotation for all that `short` was asked for; undefined where no alias is needed. */
  aliases(): string | undefined;
}

/** `annotation` is `run.googleapis.com/secrets`: `alias:projects/p/secrets/s,…`. */
export function secretNames(annotation: string | undefined, own: readonly string[]): SecretNames {
  const known = new Map<string, string>();
  for (const pair of (annotation ?? "").split(",")) {
    const at = pair.indexOf(":");
    if (at > 0) known.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  const used = new Map<string, string>();
  return {
    full: (name) => known.get(name) ?? name,
    short: (name) => {
      const [, project, id] = /^projects\/([^/]+)\/secrets\/([^/]+)$/.exec(name) ?? [];
      if (project === undefined || id === undefined) return name;
      if (own.includes(project)) return id;
      used.set(id, name);
      return id;
    },
    aliases: () => (used.size === 0 ? undefined : [...used].map(([alias, name]) => `${alias}:${name}`).join(",")),
  };
}
