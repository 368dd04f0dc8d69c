import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { TagHoldSchema, TagHolds } from "../../../gen/types/google/cloud/resourcemanager/v3/tag_holds_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import type { TagHold } from "../../store/projects-tags.ts";
import { done, doneEmpty } from "./operations.ts";
import { parseQuery } from "./query.ts";
import { fieldIssue, hidden } from "./rules.ts";
import { pageOf, storedProjects } from "./store.ts";
import { mustTag, placeOfTag } from "./tag-rules.ts";

/** `google.cloud.resourcemanager.v3.TagHolds`: what keeps a value from being deleted. */
export function tagHoldsV3(host: Host): RpcService {
  const { holds } = storedProjects(host).tags;
  return rpc<typeof TagHolds>("google.cloud.resourcemanager.v3.TagHolds", {
    createTagHold: {
      permission: "resourcemanager.tagHolds.create",
      resource: ({ parent }) => placeOfTag(host, parent),
      audit: "ADMIN_WRITE",
      handle: ({ parent, tagHold, validateOnly }) => {
        mustTag(host, parent);
        const { holder = "", origin = "", helpLink = "" } = tagHold ?? {};
        if (holder === "" || holder.length > 200) throw fieldIssue("tag_hold.holder", "must be 1-200 characters");
        const createdMs = host.clock.now();
        const hold: TagHold = {
          name: `${parent}/tagHolds/${host.ids.uuid()}`,
          ...{ holder, origin, helpLink, createdMs },
        };
        if (!validateOnly) holds.put(hold.name, hold);
        return done<typeof TagHoldSchema>(host, "TagHold", show(hold));
      },
    },
    deleteTagHold: {
      permission: "resourcemanager.tagHolds.delete",
      resource: ({ name }) => placeOfTag(host, name.replace(/\/tagHolds\/.*$/, "")),
      audit: "ADMIN_WRITE",
      handle: ({ name, validateOnly }) => {
        if (holds.get(name) === undefined) throw hidden();
        if (!validateOnly) holds.delete(name);
        return doneEmpty(host);
      },
    },
    listTagHolds: {
      permission: "resourcemanager.tagHolds.list",
      resource: ({ parent }) => placeOfTag(host, parent),
      handle: ({ parent, filter, pageSize, pageToken }) => {
        mustTag(host, parent);
        const test = parseQuery(filter, field, nobody);
        if (test === undefined) throw fieldIssue("filter", "invalid filter");
        const found = holds.all().filter((hold) => hold.name.startsWith(`${parent}/`) && test(hold));
        const options = { pageSize, pageToken, scope: `${parent} ${filter}`, most: pageSize > 0 ? 300 : 100 };
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, options);
        return { tagHolds: items.map(show), nextPageToken };
      },
    },
  });
}

const nobody: TagHold = { name: "", holder: "", origin: "", helpLink: "", createdMs: 0 };

function field(name: string, hold: TagHold): readonly string[] | undefined {
  if (name === "holder") return [hold.holder];
  return name === "origin" ? [hold.origin] : undefined;
}

function show({ createdMs, ...hold }: TagHold) {
  return { ...hold, createTime: timestampFromMs(createdMs) };
}
