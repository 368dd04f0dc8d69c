import type { StoredProject } from "../../store/projects.ts";

/** What a query of `projects.list` or `SearchProjects` asks: `id:demo* name="x" lifecycleState:ACTIVE`. */
export type ProjectTest = (project: StoredProject) => boolean;

/** Undefined when a term is none that projects have here: the caller answers INVALID_ARGUMENT. */
export function parseQuery(query: string): ProjectTest | undefined {
  const tests: ProjectTest[] = [];
  const terms = query.match(/"[^"]*"|[^\s"]+(?:"[^"]*")?/g) ?? [];
  for (const term of terms) {
    if (term === "AND") continue;
    const [, field, , raw] = /^([\w.]+)(:|=)(.*)$/.exec(term) ?? [];
    if (field === undefined || raw === undefined) return undefined;
    const wanted = raw.replace(/^"|"$/g, "").toLowerCase();
    const matches = (value: string): boolean =>
      wanted.endsWith("*") ? value.toLowerCase().startsWith(wanted.slice(0, -1)) : value.toLowerCase() === wanted;
    switch (field) {
      case "id":
      case "projectId":
      case "name":
      case "displayName":
        tests.push(({ id }) => matches(id));
        break;
      case "projectNumber":
        tests.push(({ number }) => matches(number));
        break;
      case "state":
      case "lifecycleState":
        tests.push(() => matches("ACTIVE"));
        break;
      case "parent":
      case "parent.id":
      case "parent.type":
      case "labels":
        tests.push(() => false);
        break;
      default:
        if (!field.startsWith("labels.")) return undefined;
        tests.push(() => false);
    }
  }
  return (project) => tests.every((test) => test(project));
}
