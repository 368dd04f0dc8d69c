import type { Listing } from "./list.ts";
import { objectEtag } from "./object-view.ts";
import { element, xmlDocument } from "./xml-text.ts";

/** `ListBucketResult`, in the form of the first or the second version of the list. */
export function xmlList(bucket: string, query: URLSearchParams, listing: Listing, v2: boolean): string {
  const { items, prefixes, nextPageToken } = listing;
  const last = items.at(-1)?.name ?? prefixes.at(-1);
  const more = nextPageToken !== undefined;
  return xmlDocument(
    "ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'",
    element("Name", bucket),
    element("Prefix", query.get("prefix") ?? ""),
    v2 ? element("KeyCount", String(items.length + prefixes.length)) : element("Marker", query.get("marker") ?? ""),
    element("MaxKeys", query.get("max-keys") ?? "1000"),
    element("Delimiter", query.get("delimiter") ?? undefined),
    element("IsTruncated", String(more)),
    v2 ? element("ContinuationToken", query.get("continuation-token") ?? undefined) : "",
    more ? element(v2 ? "NextContinuationToken" : "NextMarker", v2 ? nextPageToken : last) : "",
    ...items.map(
      (object) =>
        `<Contents>${element("Key", object.name)}${element("Generation", String(object.generation))}${element(
          "MetaGeneration",
          object.resource.metageneration ?? "1",
        )}${element("LastModified", object.resource.updated ?? "")}${element("ETag", `"${objectEtag(object)}"`)}${element(
          "Size",
          String(object.size),
        )}</Contents>`,
    ),
    ...prefixes.map((prefix) => `<CommonPrefixes>${element("Prefix", prefix)}</CommonPrefixes>`),
  );
}
