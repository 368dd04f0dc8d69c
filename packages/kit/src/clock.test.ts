import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test, vi } from "vitest";
import { createClock } from "./clock.ts";

test("clock: a frozen clock stands still and fires what falls due, in order, when it is moved", () => {
  const clock = createClock({ frozenAt: 1000 });
  const fired: string[] = [];
  clock.after(50, () => fired.push("second"));
  clock.after(10, () => fired.push("first"));
  const cancel = clock.after(20, () => fired.push("never"));
  cancel();
  expect(clock.now()).toBe(1000);
  clock.advance(49);
  expect(fired).toEqual(["first"]);
  clock.advance(1);
  expect(fired).toEqual(["first", "second"]);
  expect(clock.now()).toBe(1050);
});

test("clock: sleep ends by the clock, or at once by its signal", async () => {
  const clock = createClock({ frozenAt: 0 });
  const slept = clock.sleep(3_600_000).then(() => "slept");
  const stop = new AbortController();
  const stopped = clock.sleep(10, stop.signal).catch((reason) => reason);
  stop.abort("enough");
  expect(await stopped).toBe("enough");
  clock.advance(3_600_000);
  expect(await slept).toBe("slept");
});

test("clock: the running clock waits in real time and can be moved ahead", async () => {
  const clock = createClock();
  const before = clock.now();
  await clock.sleep(5);
  expect(clock.now()).toBeGreaterThanOrEqual(before + 4);
  const later = clock.sleep(36 * 3_600_000);
  clock.advance(36 * 3_600_000);
  await later;
  expect(clock.now()).toBeGreaterThanOrEqual(before + 36 * 3_600_000);
});

test("clock: sleep keeps the process alive, after does not", () => {
  const url = new URL("./clock.ts", import.meta.url).href;
  const run = (work: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", `import { systemClock } from "${url}"; ${work}`], {
      encoding: "utf8",
    }).stdout;
  expect(run(`await systemClock.sleep(20); console.log("slept")`)).toBe("slept\n");
  expect(run(`systemClock.after(20, () => console.log("never"))`)).toBe("");
});

test("clock: at a higher rate time passes so many times as fast, from the moment that it is set", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const clock = createClock();
  const before = clock.now();
  await vi.advanceTimersByTimeAsync(5);
  const late = clock.sleep(3_600_000).then(() => clock.now());
  clock.setRate(100_000);
  expect(clock.now() - before).toBe(5);
  await vi.advanceTimersByTimeAsync(36);
  expect((await late) - before).toBe(3_600_005);
  clock.setRate(1);
  await vi.advanceTimersByTimeAsync(10);
  expect(clock.now() - before).toBe(3_600_015);
});
