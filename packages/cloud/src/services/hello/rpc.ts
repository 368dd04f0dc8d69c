import type { Host } from "../../host.ts";
import type { RestMethod, RestRequest } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { greetingFrom, nameOf, notFound } from "./rules.ts";
import { greetingStore } from "./store.ts";

/** Parse, rules, store, answer. A service with protos of Google's has `rpc<typeof Service>(…)` in place of these paths. */
export function greetings(host: Host): readonly RestMethod[] {
  const store = greetingStore(host.db);
  const project = (request: RestRequest): string => request.params.project ?? "";
  const name = (request: RestRequest): string => nameOf(project(request), request.params.greeting ?? "");
  const onProject = { permission: [], resource: (request: RestRequest) => `projects/${project(request)}` };
  return [
    {
      id: "hello.projects.greetings.create",
      verb: "POST",
      path: "/v1/projects/{project}/greetings",
      ...onProject,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const fresh = nameOf(project(request), request.query.get("greetingId") ?? "");
        const greeting = greetingFrom(fresh, request.body, host.clock.now());
        if (!store.insert(greeting)) throw new RpcError("ALREADY_EXISTS", `Greeting [${fresh}] already exists.`);
        return { ...greeting };
      },
    },
    {
      id: "hello.projects.greetings.list",
      verb: "GET",
      path: "/v1/projects/{project}/greetings",
      ...onProject,
      handle: (request) => ({ greetings: store.list(project(request)).map((each) => ({ ...each })) }),
    },
    {
      id: "hello.projects.greetings.get",
      verb: "GET",
      path: "/v1/projects/{project}/greetings/{greeting}",
      ...onProject,
      handle: (request) => {
        const greeting = store.get(name(request));
        if (greeting === undefined) throw notFound(name(request));
        return { ...greeting };
      },
    },
    {
      id: "hello.projects.greetings.delete",
      verb: "DELETE",
      path: "/v1/projects/{project}/greetings/{greeting}",
      ...onProject,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        if (!store.delete(name(request))) throw notFound(name(request));
        return {};
      },
    },
  ];
}
