import { createClock, type MovableClock } from "@aloft/kit/clock";
import type { Database } from "./host.ts";

/** The cloud's one clock, and what it was moved by: that outlives the process. */
export interface KeptClock {
  readonly clock: MovableClock;
  /** Moves it forward, and remembers it. */
  advance(ms: number): void;
  /** Lets it run so many times as fast as the computer's, until it is told otherwise or the cloud is stopped. */
  setRate(rate: number): void;
  /** Remembers where it is; to be called before the database is closed. */
  close(): void;
}

/** How often a fast clock is written down, and how far ahead, so that it does not go back when the process is killed. */
const keptEveryMs = 1000;

/** `given`: a test's own, which is moved and not remembered. */
export function keptClock(db: Database, given: MovableClock | undefined, rate: number): KeptClock {
  db.define(
    "CREATE TABLE IF NOT EXISTS cloud_clock (id INTEGER PRIMARY KEY CHECK (id = 1), offset_ms INTEGER NOT NULL)",
  );
  const read = (): number => Number(db.prepare("SELECT offset_ms FROM cloud_clock").get()?.offset_ms ?? 0);
  const write = (offsetMs: number): void => {
    db.prepare(
      "INSERT INTO cloud_clock (id, offset_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET offset_ms = excluded.offset_ms",
    ).run(Math.round(offsetMs));
  };
  const clock = given ?? createClock({ offsetMs: read() });
  let timer: NodeJS.Timeout | undefined;
  const keep = (aheadMs = 0): void => {
    if (given === undefined) write(clock.now() + aheadMs - Date.now());
  };
  const setRate = (to: number): void => {
    clearInterval(timer);
    timer = undefined;
    if (to === clock.rate) return;
    clock.setRate(to);
    if (to === 1 || given !== undefined) {
      keep();
      return;
    }
    const ahead = (): void => keep(2 * keptEveryMs * (to - 1));
    ahead();
    timer = setInterval(ahead, keptEveryMs);
    timer.unref();
  };
  if (rate !== 1) setRate(rate);

  return {
    clock,
    advance: (ms) => {
      if (timer === undefined) write(read() + ms);
      clock.advance(ms);
    },
    setRate,
    close: () => {
      if (timer !== undefined) keep();
      clearInterval(timer);
    },
  };
}
