import { TrafficTargetAllocationType } from "../../../gen/run-v2.enums.ts";
import type { TrafficTarget } from "../../../gen/types/google/cloud/run/v2/traffic_target_pb.js";
import type { Violation } from "./violations.ts";

/** The first label of a tag's host is `TAG---NAME-HASH-RC`, at most 63 characters. */
const longestTagAndService = 46;

/** What is wrong with traffic targets (types filled in), whether or not their revisions exist. */
export function checkTraffic(traffic: readonly TrafficTarget[], root: string, serviceId: string): Violation[] {
  const found: Violation[] = [];
  const tags = new Set<string>();
  let sum = 0;
  for (const [i, target] of traffic.entries()) {
    const field = `${root}.traffic[${i}]`;
    sum += target.percent;
    if (target.percent < 0 || target.percent > 100) {
      found.push({ field: `${field}.percent`, description: "must be between 0 and 100 inclusive." });
    }
    if (target.type === TrafficTargetAllocationType.LATEST && target.revision !== "") {
      found.push({ field: `${field}.revision`, description: "must be empty when the type is latest." });
    }
    if (target.type === TrafficTargetAllocationType.REVISION && !/^[a-z][-a-z0-9]*$/.test(target.revision)) {
      found.push({ field: `${field}.revision`, description: "must be the name of a revision of this service." });
    }
    if (target.tag === "") continue;
    if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(target.tag) || target.tag.includes("---")) {
      found.push({
        field: `${field}.tag`,
        description: "Traffic tag must use only lowercase letters, numbers and '-', and begin with a letter.",
      });
    } else if (target.tag.length + serviceId.length > longestTagAndService) {
      found.push({
        field: `${field}.tag`,
        description: `Traffic tag and service name together must not exceed ${longestTagAndService} characters.`,
      });
    }
    if (tags.has(target.tag)) {
      found.push({ field: `${field}.tag`, description: `Traffic tag '${target.tag}' is used more than once.` });
    }
    tags.add(target.tag);
  }
  if (sum !== 100) {
    found.push({ field: `${root}.traffic`, description: `Traffic targets sum to ${sum}, want 100.` });
  }
  return found;
}
