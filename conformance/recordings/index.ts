import { join } from "node:path";
import { services } from "../../packages/cloud/src/services/index.ts";
import { runOver } from "../../packages/cloud/src/services/run/api.ts";
import { paperMachines } from "../../packages/cloud/src/services/run/testing/machines.ts";
import type { Suite } from "../suite.ts";
import { watched } from "../watched.ts";
import { readRecordings } from "./exchange.ts";
import { isKnown, readKnown, stale } from "./known.ts";
import { judged, replay } from "./replay.ts";

const usualDir = join(import.meta.dirname, "../../../shared/recordings");

/** What the real Google Cloud answered, asked again. A case is an exchange. */
export const recordings: Suite = {
  name: "recordings",
  about: "answers of the real Google Cloud, against ours",
  options: ["dir", "only"],
  run: async ({ dir = usualDir, only = "" }, report) => {
    const all = readRecordings(dir);
    if (all === undefined) {
      report.ended({ group: "recordings", name: dir, outcome: "skip", why: ["there is no such folder"] });
      return;
    }
    const known = readKnown();
    for (const recording of all) {
      const concerned = recording.exchanges.some(({ url }) =>
        judged.has(new URL(url.replace(/\$\{\w+\}/g, "x")).hostname),
      );
      if (!concerned || !recording.name.includes(only)) continue;
      const machines = paperMachines();
      const cloudServices = services.map((service) =>
        service.api === "run.googleapis.com" ? runOver(() => machines) : service,
      );
      const replayed = await replay(recording, watched(cloudServices, report), (one) => {
        const outcome = one.differences.length === 0 ? "ok" : isKnown(known, recording.name, one) ? "known" : "failed";
        const why = one.differences.map(({ at, recorded, ours }) => `${at}: ours ${ours}, recorded ${recorded}`);
        report.ended({
          group: judged.get(one.api) ?? one.api,
          name: `${recording.name} #${one.index} ${one.what}`,
          outcome,
          ...(why.length === 0 ? {} : { why }),
        });
      });
      // A folder of somebody else's may hold a recording of the same name with fewer exchanges.
      const listed = known.filter((each) => dir === usualDir || replayed.some(({ index }) => index === each.exchange));
      const gone = stale(listed, recording.name, replayed);
      if (gone.length > 0) report.ended({ group: "list", name: recording.name, outcome: "failed", why: gone });
    }
  },
};
