import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host } from "../../host.ts";
import { locationOfHost, parseImagePath } from "./names.ts";
import { authorize, identify, type RegistryAction, serveToken } from "./oci-auth.ts";
import { serveBlob, serveUploads } from "./oci-blobs.ts";
import { type Exchange, OciError, send, sendError, sendJson } from "./oci-http.ts";
import { serveManifest, serveTags } from "./oci-manifests.ts";
import { serveReferrers } from "./oci-referrers.ts";
import { type ArtifactStore, artifactStore } from "./store.ts";

/** What the handlers of the distribution API work with. */
export interface RegistryParts extends Pick<ArtifactStore, "blobs" | "content" | "repositories"> {
  readonly host: Host;
}

/** An image of a repository that exists, and that the caller may act on. */
export interface Target {
  /** The repository's resource name. */
  readonly repository: string;
  /** Where pulls look: the repository itself, or the upstreams of a virtual one. */
  readonly sources: readonly string[];
  readonly image: string;
  /** `/v2/project/repo/image`, with the prefix of the door it came through. */
  readonly base: string;
  /** Also may the caller do this here? Throws DENIED when not. */
  readonly require: (action: RegistryAction) => void;
  /** Another image of this registry, `project/repo/image`, when it exists and the caller may read it. */
  readonly readable: (path: string) => { readonly repository: string } | undefined;
}

/** The OCI distribution API (v1.1 of the specification, `/v2/`) for `REGION-docker.pkg.dev`. */
export async function serveRegistry(
  host: Host,
  req: IncomingMessage,
  res: ServerResponse,
  at: { readonly host: string; readonly path: string },
): Promise<void> {
  const path = at.path.split("?")[0] as string;
  const [original = "", search] = (req.url ?? "").split("?");
  const local = original.replace(/^https?:\/\/[^/]+/, "");
  const exchange: Exchange = {
    req,
    res,
    path,
    location: locationOfHost(at.host) ?? "",
    query: new URLSearchParams(search),
    prefix: local.endsWith(path) ? local.slice(0, -path.length) : "",
  };
  try {
    await route({ host, ...artifactStore(host) }, exchange);
  } catch (thrown) {
    if (req.destroyed && !req.complete) return;
    if (!(thrown instanceof OciError)) throw thrown;
    sendError(exchange, thrown);
  }
}

const routes =
  /^\/v2\/(?<name>.+?)\/(?:(?<tags>tags\/list)|manifests\/(?<reference>[^/]+)|blobs\/uploads\/(?<upload>[^/]*)|blobs\/(?<digest>[^/]+)|referrers\/(?<subject>[^/]+))$/;

async function route(parts: RegistryParts, exchange: Exchange): Promise<void> {
  const { path } = exchange;
  if (path === "/v2/token") return serveToken(parts.host, exchange);
  if (path === "/v2" || path === "/v2/") {
    identify(parts.host, exchange);
    return sendJson(exchange, 200, {});
  }
  if (path === "/v2/_catalog") return serveCatalog(parts, exchange);
  const found = routes.exec(path)?.groups;
  if (found === undefined) throw new OciError("NAME_UNKNOWN", `There is nothing at ${path}.`);
  const { name = "", reference, upload, digest } = found;
  const method = exchange.req.method ?? "GET";
  const uploading = upload !== undefined || (reference !== undefined && method === "PUT");
  const action = uploading ? "uploadArtifacts" : method === "DELETE" ? "deleteArtifacts" : "downloadArtifacts";
  const target = locate(parts, exchange, name, action);
  if (upload !== undefined) return serveUploads(parts, exchange, target, upload);
  if (digest !== undefined) return serveBlob(parts, exchange, target, digest);
  if (reference !== undefined) return serveManifest(parts, exchange, target, reference);
  if (found.tags !== undefined) return serveTags(parts, exchange, target);
  return serveReferrers(parts, exchange, target, found.subject ?? "");
}

/** Finds the repository, for a caller who may: permission first, so that nobody learns what exists. */
function locate(parts: RegistryParts, exchange: Exchange, name: string, action: RegistryAction): Target {
  const { host, repositories } = parts;
  const caller = identify(host, exchange);
  const image = parseImagePath(exchange.location, name);
  if (image === undefined) {
    throw new OciError(
      "NAME_INVALID",
      "Missing image name. Pushes should be of the form docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE",
    );
  }
  const repository = authorize(host, caller, image, action);
  if (!repositories.exists(repository)) {
    throw new OciError("NAME_UNKNOWN", `Repository "${image.repository}" not found`);
  }
  const sources = repositories.sources(repository);
  if (action === "uploadArtifacts" && !sources.includes(repository)) {
    throw new OciError("DENIED", `Repository "${image.repository}" is a virtual one; push to one of its upstreams.`);
  }
  return {
    repository,
    sources,
    image: image.image,
    base: `${exchange.prefix}/v2/${name}`,
    require: (other) => {
      authorize(host, caller, image, other);
    },
    readable: (path) => {
      const other = parseImagePath(exchange.location, path);
      if (other === undefined) return undefined;
      try {
        const name = authorize(host, caller, other, "downloadArtifacts");
        return repositories.exists(name) ? { repository: name } : undefined;
      } catch (thrown) {
        if (thrown instanceof OciError) return undefined;
        throw thrown;
      }
    },
  };
}

/** Every image of this region that the caller may read, as `project/repo/image`. */
function serveCatalog({ host, repositories, content }: RegistryParts, exchange: Exchange): void {
  const caller = identify(host, exchange);
  const names = repositories.all().flatMap(({ name, project, location, repository }) => {
    if (location !== exchange.location) return [];
    try {
      authorize(host, caller, { project, location, repository, image: "" }, "downloadArtifacts");
    } catch (thrown) {
      if (thrown instanceof OciError) return [];
      throw thrown;
    }
    return content.images(name).map((image) => `${project}/${repository}/${image}`);
  });
  sendPage(exchange, names.sort(), `${exchange.prefix}/v2/_catalog`, (repositories) => ({ repositories }));
}

/** A page of a sorted list by `n` and `last`, with the `Link` to the next one. */
export function sendPage(
  exchange: Exchange,
  names: readonly string[],
  path: string,
  wrap: (page: readonly string[]) => object,
): void {
  const last = exchange.query.get("last");
  const wanted = exchange.query.get("n");
  const count = wanted === null ? names.length : Number(wanted);
  if (!Number.isInteger(count) || count < 0) {
    send(exchange, 400);
    return;
  }
  const rest = last === null ? names : names.filter((name) => name > last);
  const page = rest.slice(0, count);
  const next = page.at(-1);
  const more = next !== undefined && page.length < rest.length;
  sendJson(
    exchange,
    200,
    wrap(page),
    more ? { link: `<${path}?n=${count}&last=${encodeURIComponent(next)}>; rel="next"` } : {},
  );
}
