import { isRef } from "../app/graph.ts";
import type { ServiceSpec } from "../app/specs.ts";
import { declaredSecrets } from "../secrets/declared.ts";
import { isApiOff, isMissing, secretManager } from "../secrets/manager.ts";
import type { Check, CheckContext, Finding } from "./check.ts";

export const secrets: Check = {
  name: "secrets",
  summary: "Each secret of the file has a newest version that is enabled; who reads `latest` is named",
  async *run({ graph, google, signal }) {
    const manager = secretManager(google, signal);
    for (const { id, derivedFrom } of declaredSecrets(graph)) {
      const versions = await manager.versions(id).catch((error: unknown) => {
        if (isMissing(error) || isApiOff(error)) return [];
        throw error;
      });
      const [newest] = versions;
      const next = derivedFrom === undefined ? `aloft secrets set ${id}` : "aloft up";
      if (newest === undefined) yield { about: `secret ${id}`, state: "failed", detail: "has no value", next };
      else if (newest.state !== "ENABLED") {
        const detail = `its newest version, ${newest.number}, is ${newest.state.toLowerCase()}`;
        yield { about: `secret ${id}`, state: "failed", detail, next };
      } else yield { about: `secret ${id}`, state: "ok", detail: `version ${newest.number}` };
    }
    yield* floating(graph);
  },
};

/** `latest` is read at each instance's start: two instances of one revision may hold different values. */
function* floating(graph: CheckContext["graph"]): Iterable<Finding> {
  for (const { kind, address, spec } of graph.resources) {
    if (kind !== "service") continue;
    for (const container of (spec as ServiceSpec).containers) {
      for (const [variable, { version }] of Object.entries(container.secrets)) {
        if (isRef(version) || version !== "latest") continue;
        const detail = `${variable} reads "latest": instances of one revision may hold different values`;
        yield { about: address.replace("/", " "), state: "unknown", detail, next: 'leave out version: "latest"' };
      }
    }
  }
}
