import type { TagKeySchema, TagKeys } from "../../../gen/types/google/cloud/resourcemanager/v3/tag_keys_pb.js";
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
  findKey,
  keyParent,
  mostTags,
  mustTag,
  placeOfTag,
  showKey,
} from "./tag-rules.ts";

/** `google.cloud.resourcemanager.v3.TagKeys` */
export function tagKeysV3(host: Host): RpcService {
  const { tags } = storedProjects(host);
  const keysOf = (parent: string): readonly Tag[] => tags.tags.all().filter((tag) => tag.parent === parent);
  const place = ({ name }: { readonly name: string }): string => placeOfTag(host, name);
  return rpc<typeof TagKeys>("google.cloud.resourcemanager.v3.TagKeys", {
    listTagKeys: {
      permission: "resourcemanager.tagKeys.list",
      resource: ({ parent }) => parent,
      handle: ({ parent, pageSize, pageToken }) => {
        const found = keysOf(keyParent(host, parent));
        const options = { pageSize, pageToken, scope: parent, most: pageSize > 0 ? 300 : 100 };
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, options);
        return { tagKeys: items.map((key) => showKey(host, key)), nextPageToken };
      },
    },
    getTagKey: {
      permission: "resourcemanager.tagKeys.get",
      resource: place,
      handle: ({ name }) => showKey(host, mustTag(host, name)),
    },
    getNamespacedTagKey: {
      permission: "resourcemanager.tagKeys.get",
      resource: ({ name }) => placeOfTag(host, findKey(host, name)?.name ?? name),
      handle: ({ name }) => {
        const key = findKey(host, name);
        if (key === undefined) throw hidden();
        return showKey(host, key);
      },
    },
    createTagKey: {
      permission: "resourcemanager.tagKeys.create",
      resource: ({ tagKey }) => tagKey?.parent ?? "",
      audit: "ADMIN_WRITE",
      handle: ({ tagKey, validateOnly }) => {
        if (tagKey === undefined) throw fieldIssue("tag_key", "field must be set");
        const { shortName, description, purpose, purposeData } = tagKey;
        const parent = keyParent(host, tagKey.parent);
        checkShortName(shortName);
        checkDescription(description);
        const beside = keysOf(parent);
        if (beside.some((key) => key.shortName === shortName)) {
          throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
        }
        if (beside.length >= mostTags) {
          throw new RpcError("FAILED_PRECONDITION", `There are ${mostTags} tag keys already.`);
        }
        const now = host.clock.now();
        const key: Tag = {
          name: `tagKeys/${host.ids.digits(15)}`,
          ...{ parent, shortName, description, createdMs: now, updatedMs: now, revision: 1 },
          ...(purpose === 0 ? {} : { purpose, purposeData }),
        };
        if (validateOnly) return done<typeof TagKeySchema>(host, "TagKey", showKey(host, key));
        return begun<typeof TagKeySchema, never>(host, {
          ...{ target: parent, response: "TagKey", metadata: { type: "CreateTagKeyMetadata" } },
          work: () => showKey(host, tags.tags.put(key.name, key)),
        });
      },
    },
    updateTagKey: {
      permission: "resourcemanager.tagKeys.update",
      resource: ({ tagKey }) => placeOfTag(host, tagKey?.name ?? ""),
      audit: "ADMIN_WRITE",
      handle: ({ tagKey, updateMask, validateOnly }) => {
        if (tagKey === undefined) throw fieldIssue("tag_key", "field must be set");
        const next = changedTag(mustTag(host, tagKey.name), tagKey, updateMask?.paths ?? [], host.clock.now());
        if (!validateOnly) tags.tags.put(next.name, next);
        return done<typeof TagKeySchema>(host, "TagKey", showKey(host, next));
      },
    },
    deleteTagKey: {
      permission: "resourcemanager.tagKeys.delete",
      resource: place,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly }) => {
        const key = mustTag(host, name);
        checkEtag(key, etag);
        const work = () => {
          if (tags.valuesOf(name).length > 0) {
            throw new RpcError(
              "FAILED_PRECONDITION",
              `Cannot delete tag key, ${name}, because it has child TagValues.`,
            );
          }
          return showKey(host, key);
        };
        if (validateOnly) return done<typeof TagKeySchema>(host, "TagKey", work());
        return begun<typeof TagKeySchema, never>(host, {
          ...{ target: key.parent, response: "TagKey", metadata: { type: "DeleteTagKeyMetadata" } },
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
      permissions: "resourcemanager.tagKeys",
      canonical: (name) => placeOfTag(host, name),
      exists: (name) => void mustTag(host, name.split("/").slice(-2).join("/")),
    }),
  });
}
