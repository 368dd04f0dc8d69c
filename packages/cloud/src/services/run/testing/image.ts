import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { fileRegistry, nodeLayer } from "../../../machines/testing/registry.ts";
import { server } from "../../../machines/testing/server.ts";

/** Pushes an image with a small server of Node's to a cloud's registry, as `docker push` would; answers it by tag. */
export async function pushServer(
  url: string,
  token: string,
  options: { readonly host?: string; readonly to?: string; readonly tag?: string; readonly program?: string } = {},
): Promise<string> {
  const { host = "us-central1-docker.pkg.dev", to: image = "demo/apps/app", tag = "v1", program = server } = options;
  const path = `${url}/${host}/v2/${image}`;
  const headers = { authorization: `Bearer ${token}` };
  const send = async (verb: string, to: string, body: Blob | string, type: string): Promise<void> => {
    const answer = await fetch(`${path}${to}`, { method: verb, headers: { ...headers, "content-type": type }, body });
    if (answer.status !== 201) throw new Error(`${verb} ${to}: ${answer.status} ${await answer.text()}`);
  };
  const { dir, layer } = await nodeLayer();
  const files = fileRegistry(dir);
  const layers = [layer, await files.layer([{ name: "app/server.cjs", text: program }])];
  const config = { Entrypoint: ["node"], Cmd: ["/app/server.cjs"], WorkingDir: "/app" };
  const found = files.resolve(files.image(layers, config));
  const manifest = Buffer.from(found?.bytes ?? []).toString();
  const { config: described } = JSON.parse(manifest) as { readonly config: { readonly digest: string } };
  for (const digest of [...layers.map((each) => each.digest), described.digest]) {
    const blob = await openAsBlob(files.blob(digest)?.path ?? "");
    await send("POST", `/blobs/uploads/?digest=${digest}`, blob, "application/octet-stream");
  }
  await send("PUT", `/manifests/${tag}`, manifest, found?.mediaType ?? "");
  const pushed = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  if (pushed !== found?.digest) throw new Error("The registry of files and the manifest differ.");
  return `${host}/${image}:${tag}`;
}
