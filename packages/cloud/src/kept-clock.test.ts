import { expect, test } from "vitest";
import { startCloud } from "./cloud.ts";
import { keptClock } from "./kept-clock.ts";
import { createDatabase } from "./store/database.ts";

test("kept clock: it never goes back, neither when it is closed nor when the process is killed while it runs fast", () => {
  const db = createDatabase({});
  const first = keptClock(db, undefined, 1);
  first.advance(3_600_000);
  first.close();
  const second = keptClock(db, undefined, 5000);
  expect(second.clock.now()).toBeGreaterThan(Date.now() + 3_590_000);
  const reached = second.clock.now();
  // Killed: nothing was closed.
  second.clock.setRate(1);
  const third = keptClock(db, undefined, 1);
  expect(third.clock.now()).toBeGreaterThanOrEqual(reached);
  expect(third.clock.now() - reached).toBeLessThan(5000 * 3000);
  third.advance(1000);
  third.close();
  expect(keptClock(db, undefined, 1).clock.now()).toBeGreaterThanOrEqual(reached + 1000);
  second.close();
});

test("admin: the clock's rate is told and set, and a token lasts as long as its holder was told", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 }, clockRate: 4, log: () => undefined });
  const admin = async (body?: object) => {
    const answer = await fetch(`${cloud.url}/_aloft/v1/clock`, {
      headers: { authorization: `Bearer ${cloud.adminToken}` },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as { now: string; rate: number } };
  };
  expect((await admin()).body.rate).toBe(4);
  expect((await admin({ rate: 0.5 })).status).toBe(400);
  expect((await admin({})).status).toBe(400);
  expect((await admin({ rate: 60 })).body.rate).toBe(60);
  const { token } = cloud.host.tokens.access({ principal: { kind: "user", email: "you@local.aloft" } });
  await admin({ advance: "59h" });
  expect(cloud.host.tokens.verifyAccess(token)).toBeDefined();
  await admin({ advance: "1h" });
  expect(cloud.host.tokens.verifyAccess(token)).toBeUndefined();
});
