import type { Answer } from "./exchange.ts";

/** Ids that are there before a recording begins: they are the same on both sides from the start. */
const chosen: Readonly<Record<string, string>> = {
  projectId: "recorded-project",
  projectNumber: "123456789",
  uniqueId: "abc1234567",
  folderID: "111111111111",
  organizationID: "222222222222",
  billingAccountID: "000000-111111-222222",
};
export const project = { id: "recorded-project", number: 123456789 } as const;

/** Of those, what a recording may make more of. */
const several: ReadonlySet<string> = new Set(["projectNumber", "folderID"]);

/** Collections whose members the server names: a recorded member stands for one of ours. */
const serverNamed = new Set(["operations", "alertPolicies", "conditions", "notificationChannels", "keys", "groups"]);
const sample = "2024-04-01T12:34:56.123456Z";

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const placeholder = /\$\{([\w-]+)\}/g;

/** What earlier answers taught about the ids, etags and times of this cloud, for one recording. */
export class Bindings {
  /** What each placeholder has stood for: the recorder wrote one word for all of a kind. The last made is meant. */
  readonly #values = new Map<string, string[]>(Object.entries(chosen).map(([name, value]) => [name, [value]]));
  /** Recorded `operations/x` → ours. */
  readonly #segments = new Map<string, string>();
  readonly #known = new Map<string, Answer>();

  /** Fills what is known into a text of the recording. */
  fill(text: string): string {
    let filled = text.replace(placeholder, (whole, name: string) => this.#values.get(name)?.at(-1) ?? whole);
    for (const [recorded, ours] of this.#segments) filled = filled.replaceAll(recorded, ours);
    return filled;
  }

  /** Of a request: an id that nobody has answered yet is one that the client chose. */
  fillRequest(text: string): string {
    return this.fill(text).replace(/\$\{(\w+)ID\}/g, (_, what: string) => {
      this.#values.set(`${what}ID`, [`${what}-${chosen.uniqueId}`]);
      return `${what}-${chosen.uniqueId}`;
    });
  }

  /** What this address is of is gone: its placeholder stands again for what was made before it. */
  forget(url: string): void {
    const own = (url.split("?")[0] ?? "").replace(/^.*\//, "");
    for (const [, name = ""] of own.matchAll(placeholder)) {
      const values = this.#values.get(name);
      if (values !== undefined && values.length > 1) values.pop();
    }
  }

  fillAll(value: Answer): Answer {
    return value === undefined ? undefined : JSON.parse(this.fill(JSON.stringify(value)));
  }

  /**
   * A request's body, filled, with the etags and times of ours in place of recorded ones. `path` is where it goes: what
   * an answer from there, or with that name, said last. It also tells which of several a placeholder means.
   */
  body(path: string, value: Answer, top = true): Answer {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.fillAll(value);
    const named = typeof value.name === "string" ? this.#known.get(this.fill(value.name)) : undefined;
    const last = this.#known.get(path) ?? named;
    return Object.fromEntries(
      Object.entries(value).map(([key, own]) => {
        if (key === "etag" && typeof last?.etag === "string") return [key, last.etag];
        if (own === sample && typeof last?.[key] === "string") return [key, last[key]];
        if (this.#isAmbiguous(own) && typeof last?.[key] === "string" && this.matches(own, last[key]))
          return [key, last[key]];
        return [this.fill(key), top && key === "policy" ? this.body(path, own, false) : this.fillAll(own)];
      }),
    );
  }

  #isAmbiguous(text: unknown): text is string {
    if (typeof text !== "string") return false;
    return [...text.matchAll(placeholder)].some(([, name = ""]) => (this.#values.get(name)?.length ?? 0) > 1);
  }

  /** Remembers what an answer says of resources, by where it came from and by their names. */
  remember(path: string, answer: Answer): void {
    if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return;
    this.#known.set(path, answer);
    if (typeof answer.name === "string") {
      this.#known.set(answer.name, answer);
      this.#known.set(
        answer.name.replace(`projects/${chosen.projectNumber}/`, `projects/${chosen.projectId}/`),
        answer,
      );
    }
    if (typeof answer.response === "object") this.remember("", answer.response);
  }

  /** Whether ours may stand for what was recorded; if so, its ids are bound for what follows. */
  matches(recorded: string, ours: string): boolean {
    if (this.fill(recorded) === ours) return true;
    return this.#placeholders(recorded, ours) || this.#members(recorded, ours);
  }

  /** A project's number that a recording has whole: ours stands for it from now on. */
  number(recorded: string, ours: string): boolean {
    if (this.matches(recorded, ours)) return true;
    if (!/^\d{6,}$/.test(recorded) || !/^\d{6,}$/.test(ours) || this.#segments.has(recorded)) return false;
    this.#segments.set(recorded, ours);
    return true;
  }

  #placeholders(recorded: string, ours: string): boolean {
    const names: string[] = [];
    const pattern = recorded.split(/(\$\{[\w-]+\})/).map((part) => {
      const name = /^\$\{([\w-]+)\}$/.exec(part)?.[1];
      if (name === undefined) return literally(this.fill(part));
      const fixed = several.has(name) ? undefined : chosen[name];
      if (fixed !== undefined) return literally(fixed);
      names.push(name);
      return several.has(name) ? "(\\d{6,})" : "([^/]+)";
    });
    if (names.length === 0) return false;
    const found = new RegExp(`^${pattern.join("")}$`).exec(ours);
    if (found === null) return false;
    names.forEach((name, index) => {
      const value = found[index + 1] as string;
      const before = this.#values.get(name) ?? [];
      if (!before.includes(value)) this.#values.set(name, [...before, value]);
    });
    return true;
  }

  #members(recorded: string, ours: string): boolean {
    const theirs = this.fill(recorded).split("/");
    const own = ours.split("/");
    if (theirs.length !== own.length || theirs.length < 2) return false;
    const pairs: [string, string][] = [];
    for (const [index, part] of theirs.entries()) {
      const mine = own[index] as string;
      if (part === mine) continue;
      const collection = theirs[index - 1] ?? "";
      if (!serverNamed.has(collection) || mine === "") return false;
      pairs.push([`${collection}/${part}`, `${collection}/${mine}`]);
    }
    for (const [from, to] of pairs) this.#segments.set(from, to);
    return true;
  }
}
