import type { MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { SnoozeSchema } from "../../../gen/types/google/monitoring/v3/snooze_pb.js";
import type { SnoozeService } from "../../../gen/types/google/monitoring/v3/snooze_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Policies } from "./alerts.ts";
import { access, kept } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

/** How late the beginning may reach us. */
const skewMs = 15_000;

type Snooze = MessageShape<typeof SnoozeSchema>;

/** `google.monitoring.v3.SnoozeService`: when policies raise no alerts. Kept; as no alert is raised here, none is held back. */
export function snoozesRpc(host: Host, policies: Policies): RpcService {
  const { schemas, clock, projects } = host;
  const snoozes = kept<typeof SnoozeSchema>(host, {
    table: "monitoring_snoozes",
    type: "Snooze",
    collection: "snoozes",
    what: "snooze",
  });
  const ofParent = ({ parent }: { readonly parent: string }): string => `projects/${projectOfName(parent)}`;

  const check = ({ displayName, criteria, interval }: Snooze): void => {
    if (displayName === "") throw invalid(badField("snooze.display_name", "", "A display name must be given."));
    if (criteria === undefined || criteria.policies.length === 0) {
      throw invalid(badField("snooze.criteria.policies", undefined, "An alert policy must be given."));
    }
    if (criteria.policies.length > 16) {
      throw invalid(badField("snooze.criteria.policies", undefined, "There may be 16 alert policies at most."));
    }
    if (criteria.filter !== "" && criteria.policies.length > 1) {
      throw invalid(badField("snooze.criteria.filter", criteria.filter, "It goes with one alert policy alone."));
    }
    for (const name of criteria.policies) policies.find(name);
    const { startTime, endTime } = interval ?? {};
    if (startTime === undefined || endTime === undefined) {
      throw invalid(badField("snooze.interval", undefined, "A start and an end must be given."));
    }
    if (timestampMs(endTime) < timestampMs(startTime)) {
      throw invalid(badField("snooze.interval.end_time", undefined, "It must not be before the start."));
    }
  };
  const startOf = ({ interval }: Snooze): number =>
    interval?.startTime === undefined ? 0 : timestampMs(interval.startTime);
  const endOf = ({ interval }: Snooze): number => (interval?.endTime === undefined ? 0 : timestampMs(interval.endTime));

  return rpc<typeof SnoozeService>("google.monitoring.v3.SnoozeService", {
    createSnooze: {
      ...access("snoozes.create", "ADMIN_WRITE"),
      resource: ofParent,
      handle: ({ parent, snooze: given }) => {
        if (given === undefined) throw invalid(badField("snooze", undefined, "A snooze must be given."));
        check(given);
        if (startOf(given) < clock.now() - skewMs) {
          throw invalid(badField("snooze.interval.start_time", undefined, "It must not be in the past."));
        }
        const made = schemas.clone(snoozes.schema, given);
        made.name = snoozes.newName(parent);
        snoozes.all.put(made.name, made);
        return made;
      },
    },
    listSnoozes: {
      ...access("snoozes.list", "ADMIN_READ"),
      resource: ofParent,
      handle: (request) => {
        const { items, nextPageToken } = snoozes.list({ ...request, name: request.parent });
        return { snoozes: items, nextPageToken };
      },
    },
    getSnooze: {
      ...access("snoozes.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => snoozes.find(name),
    },
    updateSnooze: {
      ...access("snoozes.update", "ADMIN_WRITE"),
      resource: ({ snooze }) => snooze?.name ?? "",
      handle: ({ snooze: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("snooze", undefined, "A snooze must be given."));
        const before = snoozes.find(given.name);
        // Without a mask all that may be changed is replaced, as gcloud's cancel relies on.
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        const changed = schemas.clone(snoozes.schema, before);
        applyFieldMask(snoozes.schema, changed, schemas.clone(snoozes.schema, given), {
          paths,
          changeable: ["display_name", "interval"],
        });
        if (endOf(before) <= clock.now()) refuse(before, "it is over");
        if (startOf(before) <= clock.now() && startOf(changed) !== startOf(before)) refuse(before, "it has begun");
        check(changed);
        snoozes.all.put(projects.canonical(before.name), changed);
        return changed;
      },
    },
  });
}

function refuse({ name }: Snooze, why: string): never {
  throw new RpcError("INVALID_ARGUMENT", `The snooze '${name}' cannot be changed so: ${why}.`);
}
