import type { Check } from "./check.ts";

export const services: Check = {
  name: "services",
  summary: "Each service is there, ready and serving",
  async *run({ graph, google, signal }) {
    const declared = graph.resources.filter(({ kind }) => kind === "service");
    if (declared.length === 0) return;
    const { statusOf } = await import("../plan/status.ts");
    for (const one of await statusOf({ ...graph, resources: declared }, google, { signal })) {
      const about = one.address.replace("/", " ");
      const detail = [one.state, one.revision, one.message].filter((part) => part !== undefined).join("  ");
      if (one.state === "ready") yield { about, state: "ok", detail };
      else if (one.state === "pending" || one.state === "unknown") yield { about, state: "unknown", detail };
      else
        yield {
          about,
          state: "failed",
          detail,
          next: one.state === "absent" ? "aloft up" : "aloft logs --severity ERROR",
        };
    }
  },
};
