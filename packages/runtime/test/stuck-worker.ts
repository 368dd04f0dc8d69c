/** A worker that takes a job and never finishes it, to be killed: `stuck-worker.ts URL NAME LOCK_MS STALLED_MS`. */
import { createWorker } from "../src/jobs.ts";

const [url = "", name = "", lockMs = "", stalledMs = ""] = process.argv.slice(2);
createWorker({
  url,
  name,
  lockMs: Number(lockMs),
  stalledMs: Number(stalledMs),
  handler: () => {
    process.stdout.write("taken\n");
    return new Promise(() => undefined);
  },
});
