import { State } from "../../../gen/serviceusage-v1.enums.ts";
import type { Host, Project } from "../../host.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { titles } from "./catalog.ts";
import { checkKnown, dependedOn, dependents, parseFilter, parseName } from "./rules.ts";
import { disable, enable } from "./store.ts";

const mostAtOnce = 20;

/** A service of a project, as both versions of the API show it. */
export interface Shown {
  readonly name: string;
  readonly parent: string;
  readonly config: { readonly name: string; readonly title: string };
  readonly state: (typeof State)[keyof typeof State];
}

/** What both versions of the API do alike. */
export interface Usage {
  project(idOrParent: string): Project;
  show(project: Project, api: string): Shown;
  /** The project and the API of `projects/p/services/run.googleapis.com`. Throws for what is not there. */
  service(name: string): { readonly project: Project; readonly api: string };
  enable(name: string): { readonly project: Project; readonly api: string };
  disable(name: string, dependentsToo: boolean): { readonly project: Project; readonly api: string };
  enableAll(parent: string, apis: readonly string[]): Project;
  list(request: ListRequest): { readonly services: Shown[]; readonly nextPageToken: string };
}

interface ListRequest {
  readonly parent: string;
  readonly filter: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

export function usageOf(host: Host): Usage {
  const project: Usage["project"] = (named) => {
    const id = named.replace(/^projects\//, "");
    const found = host.projects.get(id);
    if (found === undefined) throw new RpcError("NOT_FOUND", `Project ${id} not found.`);
    return found;
  };
  const show: Usage["show"] = ({ id, number }, name) => ({
    name: `projects/${number}/services/${name}`,
    parent: `projects/${number}`,
    config: { name, title: titles.get(name) ?? name },
    state: host.projects.enabled(id, name) ? State.ENABLED : State.DISABLED,
  });
  const service: Usage["service"] = (name) => {
    const { project: id, api } = parseName(name);
    checkKnown([api]);
    return { project: project(id), api };
  };
  return {
    project,
    show,
    service,
    enable: (name) => {
      const named = service(name);
      enable(host, named.project, named.api);
      return named;
    },
    disable: (name, dependentsToo) => {
      const named = service(name);
      const others = dependents(named.api, host.projects.enabledApis(named.project.id));
      if (others.length > 0 && !dependentsToo) {
        throw dependedOn(named.api, others, `projects/${named.project.number}`);
      }
      host.note("serviceusage.usage", "Turning an API off does not look at whether it was used lately.");
      disable(host, named.project, named.api);
      return named;
    },
    enableAll: (parent, apis) => {
      const found = project(parent);
      if (apis.length === 0 || apis.length > mostAtOnce) {
        throw new RpcError("INVALID_ARGUMENT", `The number of services must be between 1 and ${mostAtOnce}.`);
      }
      checkKnown(apis);
      host.db.tx(() => {
        for (const each of apis) enable(host, found, each);
      });
      return found;
    },
    list: ({ parent, filter, pageSize, pageToken: token }) => {
      const found = project(parent);
      const state = parseFilter(filter);
      if (pageSize < 0 || pageSize > 200) {
        throw new RpcError("INVALID_ARGUMENT", "The page size must be between 0 and 200.");
      }
      const scope = `${found.id} ${state}`;
      const after = token === "" ? "" : readPageToken(token, scope);
      const matching = [...titles.keys()].filter(
        (each) => each > after && (state === "all" || (state === "ENABLED") === host.projects.enabled(found.id, each)),
      );
      const page = matching.slice(0, pageSize === 0 ? 50 : pageSize);
      const last = page.at(-1);
      const more = last !== undefined && page.length < matching.length;
      return {
        services: page.map((each) => show(found, each)),
        nextPageToken: more ? pageToken(last, scope) : "",
      };
    },
  };
}
