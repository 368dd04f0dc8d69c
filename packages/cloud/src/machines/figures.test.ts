import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { createMetrics } from "../services/monitoring/metrics.ts";
import { createDatabase } from "../store/database.ts";
import { serviceName, until, world } from "./testing/world.ts";

test("figures: requests, instances and memory of a revision reach Monitoring's series", async () => {
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1, 12, 0, 5) });
  const db = createDatabase();
  const metrics = createMetrics({ db, clock });
  {
    await using w = await world({ clock, metrics });
    const spec = w.spec("a");
    expect((await w.machines.start(spec)).phase).toBe("ready");
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const url = await until(() => w.machines.localUrl(serviceName));
    for (let i = 0; i < 3; i++) await (await fetch(`${url}/headers`)).arrayBuffer();
    const points = (metric: string) => {
      metrics.flush();
      return metrics.series.find("demo", `run.googleapis.com/${metric}`).flatMap((series) => {
        const span = { afterUs: 0, untilUs: clock.now() * 1000 };
        return metrics.series.points(series, span).map(({ value }) => ({ ...series, value }));
      });
    };
    const counts = await until(() => points("request_count")[0]?.value === 3n && points("request_count"));
    expect(counts).toMatchObject([
      {
        labels: { response_code: "200", response_code_class: "2xx" },
        resource: {
          type: "cloud_run_revision",
          labels: { service_name: "api", revision_name: "a", project_id: "demo" },
        },
      },
    ]);
    expect(points("request_latencies")).toMatchObject([{ value: { count: 3 } }]);
    expect(points("container/instance_count").map(({ labels, value }) => [labels.state, value])).toEqual([
      ["active", 1n],
      ["idle", 0n],
    ]);
    const [memory] = points("container/memory/utilizations");
    expect(memory).toMatchObject({ labels: { container_name: "api-1" }, value: { count: 1 } });
    const held = memory?.value;
    expect(typeof held === "object" ? held.mean : 0).toBeGreaterThan(0.01);
  }
  db.close();
});
