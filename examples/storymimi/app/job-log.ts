import type { OnJobEvent } from "@aloft/runtime/jobs";
import type { Log } from "@aloft/runtime/log";

/** Writes what happens to jobs and to the connection; a Redis that is away is told once, not at each try. */
export function logJobs(log: Log): OnJobEvent {
  let away = false;
  return ({ type, message, job }) => {
    const fields = job === undefined ? {} : { job };
    if (type === "failed" || type === "stalled") log.warning(message, fields);
    else if (type === "error" || type === "disconnected") {
      if (away) log.debug(message, fields);
      else log.warning(message, fields);
      away = true;
    } else {
      if (type === "connected") away = false;
      log.info(message, fields);
    }
  };
}
