import type {
  TagBindingSchema,
  TagBindings,
} from "../../../gen/types/google/cloud/resourcemanager/v3/tag_bindings_pb.js";
import { fullNames, namespaced } from "../../chain/condition-tags.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { bindingName, type Tag, type TagBinding } from "../../store/projects-tags.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { done, doneEmpty } from "./operations.ts";
import { api, fieldIssue, hidden } from "./rules.ts";
import { pageOf, storedProjects } from "./store.ts";
import { findValue, mustTag, placeOfTag, showKey, valueName } from "./tag-rules.ts";
import { taggable } from "./taggable.ts";

/** `google.cloud.resourcemanager.v3.TagBindings`, at the global host and at those of the locations. */
export function tagBindingsV3(host: Host): RpcService {
  const projects = storedProjects(host);
  const { tags } = projects;
  const show = (binding: TagBinding) => ({
    ...binding,
    name: bindingName(binding),
    tagValueNamespacedName: valueName(host, mustTag(host, binding.tagValue)),
  });
  const bound = (parent: string): readonly TagBinding[] => tags.bindings.all().filter((each) => each.parent === parent);
  return rpc<typeof TagBindings>("google.cloud.resourcemanager.v3.TagBindings", {
    listTagBindings: {
      permission: [],
      resource: () => "",
      handle: async ({ parent, pageSize, pageToken }, call) => {
        const { name, require } = await taggable(host, parent);
        require(call, "listTagBindings");
        const options = { pageSize, pageToken, scope: name, most: pageSize > 0 ? 300 : 100 };
        const { items, nextPageToken } = pageOf(bound(name), bindingName, options);
        return { tagBindings: items.map(show), nextPageToken };
      },
    },
    createTagBinding: {
      permission: "resourcemanager.tagValueBindings.create",
      resource: ({ tagBinding }) =>
        placeOfTag(
          host,
          tagBinding?.tagValue || (findValue(host, tagBinding?.tagValueNamespacedName ?? "")?.name ?? ""),
        ),
      audit: "ADMIN_WRITE",
      handle: async ({ tagBinding, validateOnly }, call) => {
        if (tagBinding === undefined) throw fieldIssue("tag_binding", "field must be set");
        const { tagValue, tagValueNamespacedName } = tagBinding;
        if (tagValue !== "" && tagValueNamespacedName !== "") {
          throw fieldIssue("tag_binding", "only one of tag_value or tag_value_namespaced_name may be set");
        }
        const value = tagValue === "" ? findValue(host, tagValueNamespacedName) : mustTag(host, tagValue);
        if (value === undefined) throw hidden();
        const { name, require } = await taggable(host, tagBinding.parent);
        require(call, "createTagBinding");
        const binding: TagBinding = { parent: name, tagValue: value.name };
        refuseSecond(bound(name), value);
        if (!validateOnly) tags.bindings.put(bindingName(binding), binding);
        return done<typeof TagBindingSchema>(host, "TagBinding", show(binding));
      },
      // The other permission is the resource's own, asked for above.
    },
    deleteTagBinding: {
      permission: "resourcemanager.tagValueBindings.delete",
      resource: ({ name }) => placeOfTag(host, split(name).tagValue),
      audit: "ADMIN_WRITE",
      handle: async ({ name }, call) => {
        const { parent, tagValue } = split(name);
        const resource = await taggable(host, parent);
        resource.require(call, "deleteTagBinding");
        const own = bindingName({ parent: resource.name, tagValue });
        if (tags.bindings.get(own) === undefined) throw hidden();
        tags.bindings.delete(own);
        return doneEmpty(host);
      },
    },
    listEffectiveTags: {
      permission: [],
      resource: () => "",
      handle: async ({ parent, pageSize, pageToken }, call) => {
        const { name, place, require } = await taggable(host, parent);
        require(call, "listEffectiveTags");
        const placeOf = (id: string) => {
          const project = projects.get(id);
          return project && { number: project.number, above: projects.above(project) };
        };
        const found = tags.effective([...new Set([name, ...fullNames(place, placeOf)])]);
        const options = { pageSize, pageToken, scope: name, most: pageSize > 0 ? 300 : 100 };
        const { items, nextPageToken } = pageOf(
          [...found].sort((a, b) => (a.value.name < b.value.name ? -1 : 1)),
          ({ value }) => value.name,
          options,
        );
        return {
          effectiveTags: items.map(({ key, value, inherited }) => ({
            tagValue: value.name,
            namespacedTagValue: valueName(host, value),
            tagKey: key.name,
            namespacedTagKey: namespaced(key.parent, key.shortName),
            tagKeyParentName: showKey(host, key).parent ?? "",
            inherited,
          })),
          nextPageToken,
        };
      },
    },
  });

  /** One value of a key on a resource. */
  function refuseSecond(present: readonly TagBinding[], value: Tag): void {
    if (present.every(({ tagValue }) => tags.tags.get(tagValue)?.parent !== value.parent)) return;
    throw new RpcError(
      "FAILED_PRECONDITION",
      "A binding already exists between the given resource and a TagValue presented by the same TagKey as the given TagValue.",
    );
  }
}

/** `tagBindings/%2F%2Fapi%2Fprojects%2F1/tagValues/2` */
function split(name: string): TagBinding {
  const [, resource = "", tagValue = ""] = /^tagBindings\/(.+)\/(tagValues\/[^/]+)$/.exec(name) ?? [];
  if (tagValue === "")
    throw fieldIssue("name", "must be of the form tagBindings/{full-resource-name}/{tag-value-name}");
  try {
    return { parent: decodeURIComponent(resource), tagValue };
  } catch {
    throw fieldIssue("name", `the resource's name is not percent-encoded, in ${api}`);
  }
}
