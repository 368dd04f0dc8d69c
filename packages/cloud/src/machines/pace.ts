import type { Clock, MovableClock } from "@aloft/kit/clock";

/**
 * The cloud's clock for what programs are given time for: to start, to answer, to end. However fast the cloud's clock
 * runs, they run no faster, so that theirs is the computer's time; a clock that is moved takes it with it.
 */
export function programTime(clock: MovableClock): Clock {
  return {
    now: clock.now,
    sleep: (ms, signal) => clock.sleep(ms * clock.rate, signal),
    after: (ms, run) => clock.after(ms * clock.rate, run),
  };
}
