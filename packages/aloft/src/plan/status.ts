import { GoogleError } from "@aloft/google";
import { kindOf } from "../kinds/index.ts";
import type { ResourceStatus, StatusOf } from "./engine.ts";
import { connectionFailure, explain } from "./explain.ts";
import { contextOf, knownFromFile, wantOf } from "./observe.ts";
import { limited } from "./parallel.ts";

/** See `StatusOf`. Only kinds that have something to tell: services, Redis, secrets, identities. */
export const statusOf: StatusOf = async (graph, google, options = {}) => {
  const context = contextOf(graph, google, options);
  const known = knownFromFile(graph);
  const run = limited(16);
  const told = graph.resources.filter(({ kind }) => kindOf(kind).status !== undefined);
  return Promise.all(
    told.map((resource) =>
      run(async (): Promise<ResourceStatus> => {
        const { address, id } = resource;
        const kind = kindOf(resource.kind);
        const want = wantOf(resource, graph, known);
        try {
          const told = kind.status?.(want, await kind.observe(want, context));
          return { address, kind: kind.name, id, ...(told ?? { state: "unknown" }) };
        } catch (thrown) {
          const failure = connectionFailure(thrown, graph);
          if (failure !== undefined) throw failure;
          if (!(thrown instanceof GoogleError)) throw thrown;
          return { address, kind: kind.name, id, state: "unknown", message: explain(thrown, graph).what };
        }
      }),
    ),
  );
};
