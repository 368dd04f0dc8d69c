import type { TagValueSchema, TagValues } from "../../../gen/types/google/cloud/resourcemanager/v3/tag_values_pb.js";
import { localIam } from "../../chain/iam.ts";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import type { Tag } from "../../store/projects-tags.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { begun, done } from "./operations.ts";
import { api, fieldIssue, hidden } from "./rules.ts";
import { pageOf, storedProjects } from "./store.ts";
import {
  changedTag,
  checkDescription,
  checkEtag,
  checkShortName,
  findValue,
  mostTags,
  mustTag,
  placeOfTag,
  showValue,
} from "./tag-rules.ts";

/** `google.cloud.resourcemanager.v3.TagValues` */
export function tagValuesV3(host: Host): RpcService {
  const { tags } = storedProjects(host);
  const place = ({ name }: { readonly name: string }): string => placeOfTag(host, name);
  return rpc<typeof TagValues>("google.cloud.resourcemanager.v3.TagValues", {
    listTagValues: {
      permission: "resourcemanager.tagValues.list",
      resource: ({ parent }) => placeOfTag(host, parent),
      handle: ({ parent, pageSize, pageToken }) => {
        const found = tags.valuesOf(mustTag(host, parent).name);
        const options = { pageSize, pageToken, scope: parent, most: pageSize > 0 ? 300 : 100 };
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, options);
        return { tagValues: items.map((value) => showValue(host, value)), nextPageToken };
      },
    },
    getTagValue: {
      permission: "resourcemanager.tagValues.get",
      resource: place,
      handle: ({ name }) => showValue(host, mustTag(host, name)),
    },
    getNamespacedTagValue: {
      permission: "resourcemanager.tagValues.get",
      resource: ({ name }) => placeOfTag(host, findValue(host, name)?.name ?? name),
      handle: ({ name }) => {
        const value = findValue(host, name);
        if (value === undefined) throw hidden();
        return showValue(host, value);
      },
    },
    createTagValue: {
      permission: "resourcemanager.tagValues.create",
      resource: ({ tagValue }) => placeOfTag(host, tagValue?.parent ?? ""),
      audit: "ADMIN_WRITE",
      handle: ({ tagValue, validateOnly }) => {
        if (tagValue === undefined) throw fieldIssue("tag_value", "field must be set");
        const { parent, shortName, description } = tagValue;
        const key = mustTag(host, parent);
        checkShortName(shortName);
        checkDescription(description);
        const beside = tags.valuesOf(parent);
        if (beside.some((value) => value.shortName === shortName)) {
          throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
        }
        if (beside.length >= mostTags) {
          throw new RpcError("FAILED_PRECONDITION", `There are ${mostTags} tag values already.`);
        }
        const now = host.clock.now();
        const value: Tag = {
          name: `tagValues/${host.ids.digits(15)}`,
          ...{ parent, shortName, description, createdMs: now, updatedMs: now, revision: 1 },
        };
        if (validateOnly) return done<typeof TagValueSchema>(host, "TagValue", showValue(host, value));
        return begun<typeof TagValueSchema, never>(host, {
          ...{ target: key.parent, response: "TagValue", metadata: { type: "CreateTagValueMetadata" } },
          work: () => showValue(host, tags.tags.put(value.name, value)),
        });
      },
    },
    updateTagValue: {
      permission: "resourcemanager.tagValues.update",
      resource: ({ tagValue }) => placeOfTag(host, tagValue?.name ?? ""),
      audit: "ADMIN_WRITE",
      handle: ({ tagValue, updateMask, validateOnly }) => {
        if (tagValue === undefined) throw fieldIssue("tag_value", "field must be set");
        const next = changedTag(mustTag(host, tagValue.name), tagValue, updateMask?.paths ?? [], host.clock.now());
        if (!validateOnly) tags.tags.put(next.name, next);
        return done<typeof TagValueSchema>(host, "TagValue", showValue(host, next));
      },
    },
    deleteTagValue: {
      permission: "resourcemanager.tagValues.delete",
      resource: place,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly }) => {
        const value = mustTag(host, name);
        checkEtag(value, etag);
        const work = () => {
          refuseAttached(host, name);
          return showValue(host, value);
        };
        if (validateOnly) return done<typeof TagValueSchema>(host, "TagValue", work());
        return begun<typeof TagValueSchema, never>(host, {
          target: mustTag(host, value.parent).parent,
          ...{ response: "TagValue", metadata: { type: "DeleteTagValueMetadata" } },
          work: () => {
            const shown = work();
            localIam(host.iam).removePolicies(`${api}/${placeOfTag(host, name)}`);
            tags.tags.delete(name);
            return shown;
          },
        });
      },
    },
    ...iamMethods({
      permissions: "resourcemanager.tagValues",
      canonical: (name) => placeOfTag(host, name),
      exists: (name) => void mustTag(host, name.split("/").slice(-2).join("/")),
    }),
  });
}

/** A value that something has, or that something holds, stays. */
function refuseAttached(host: Host, name: string): void {
  const { bindings, holds } = storedProjects(host).tags;
  const attached = bindings.all().some(({ tagValue }) => tagValue === name);
  if (!attached && !holds.all().some((hold) => hold.name.startsWith(`${name}/`))) return;
  throw new RpcError(
    "FAILED_PRECONDITION",
    `Cannot delete tag value, ${name}, because it is still attached to resources in 'global' region. To delete this tag value, remove all holds and then remove the tag from all resources.`,
  );
}
