import type { Recording } from "./exchange.ts";

/**
 * What was there before a recording began: the projects that it names and does not create, by id, and the folders and
 * organisations in which it makes something or asks for it. `fill` puts in what placeholders stand for.
 */
export function presupposed(
  recording: Recording,
  fill: (text: string) => string,
): { readonly projects: ReadonlySet<string>; readonly containers: ReadonlySet<string> } {
  const projects = new Set<string>();
  const created = new Set<string>();
  const containers = new Set<string>();
  for (const { method, url, body } of recording.exchanges) {
    const { hostname, pathname } = new URL(fill(url));
    const named = /\/projects\/([a-z][a-z0-9-]*)(?=[/:]|$)/.exec(pathname)?.[1];
    if (named !== undefined) projects.add(named);
    const above = /^\/v\w+\/((?:folders|organizations)\/\d+)\//.exec(pathname)?.[1];
    if (above !== undefined) containers.add(above);
    const parent = body?.parent;
    if (method !== "POST" || parent === undefined || !hostname.endsWith("cloudresourcemanager.googleapis.com"))
      continue;
    if (typeof body.projectId === "string") created.add(fill(body.projectId));
    const name = fill(typeof parent === "string" ? parent : `${parent.type}s/${parent.id}`);
    if (/^(folders|organizations)\/\d+$/.test(name)) containers.add(name);
  }
  return { projects: new Set([...projects].filter((id) => !created.has(id))), containers };
}
