import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { startCloud } from "../../cloud.ts";
import { metricsOf } from "./metrics.ts";

const v3 = "monitoring.googleapis.com/v3/projects/demo/timeSeries";
const own = "run.googleapis.com/request_count";
const custom = "custom.googleapis.com/orders";

test("monitoring like Google: what Google measures is seen up to three minutes late, what users write at once", async () => {
  const lags: number[] = [];
  for (const seed of ["a", "a", "b"]) {
    const clock = createClock({ frozenAt: Date.parse("2026-03-01T12:00:10Z") });
    const options = { projects: { demo: 123456789012 }, log: () => undefined };
    await using cloud = await startCloud({ ...options, clock, likeGoogle: true, seed });
    cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
    // The API itself is late too.
    clock.advance(5 * 60_000);
    const rest = restOf(() => cloud);
    const seen = async (type: string): Promise<number> => {
      // No two questions alike: an older list would be answered.
      const endTime = new Date(clock.now() + 1000).toISOString();
      const query = `filter=metric.type%3D%22${type}%22&interval.startTime=2026-03-01T12:00:00Z&interval.endTime=${endTime}`;
      const { body } = await rest("GET", `${v3}?${query}`);
      return body.timeSeries?.[0]?.points?.map((point) => point).length ?? 0;
    };
    const resource = { type: "cloud_run_revision", labels: { project_id: "demo", service_name: "api" } };
    metricsOf(cloud.host).record({
      project: "demo",
      metric: own,
      resource,
      labels: { response_code: "200" },
      value: 1,
    });
    const endTime = new Date(clock.now()).toISOString();
    const points = [{ interval: { endTime }, value: { int64Value: "1" } }];
    const series = { metric: { type: custom }, resource: { type: "global", labels: { project_id: "demo" } }, points };
    expect((await rest("POST", v3, { body: { timeSeries: [series] } })).status).toBe(200);

    expect([await seen(custom), await seen(own)]).toEqual([1, 0]);
    // To the end of the minute, which is sampled then.
    clock.advance(50_000);
    let lag = 0;
    while (lag < 300 && (await seen(own)) === 0) {
      clock.advance(5000);
      lag += 5;
    }
    lags.push(lag);
  }
  const [first = 0, again, other] = lags;
  expect(first).toBeGreaterThanOrEqual(30);
  expect(first).toBeLessThanOrEqual(180);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});
