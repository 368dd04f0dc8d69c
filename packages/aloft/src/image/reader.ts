import { retry } from "@aloft/kit/retry";
import type { Reference } from "./reference.ts";
import { RegistryError, registryError, worthAnotherTry } from "./registry-error.ts";

/** Reads one repository of a registry, without an account (OCI distribution-spec 1.1, "Pull"). */
export interface Reader {
  manifest(digest: string): Promise<AsyncIterable<Uint8Array>>;
  blob(digest: string): Promise<AsyncIterable<Uint8Array>>;
}

const accepted = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

export function createReader(reference: Reference, fetch: typeof globalThis.fetch): Reader {
  let token: string | undefined;

  const get = (path: string): Promise<AsyncIterable<Uint8Array>> =>
    retry(
      async () => {
        const url = `${reference.endpoint}/v2/${reference.repository}/${path}`;
        const ask = (): Promise<Response> =>
          fetch(url, { headers: { accept: accepted, ...(token ? { authorization: `Bearer ${token}` } : {}) } });
        let answer = await ask();
        if (answer.status === 401) {
          token = await anonymousToken(answer, reference.repository, fetch);
          await answer.body?.cancel();
          answer = await ask();
        }
        if (!answer.ok || answer.body === null) throw await registryError(answer, `GET ${url}`);
        return answer.body;
      },
      { tries: 4, firstDelayMs: 300, maxDelayMs: 3000, retryable: worthAnotherTry },
    );

  return {
    manifest: (digest) => get(`manifests/${digest}`),
    blob: (digest) => get(`blobs/${digest}`),
  };
}

/** The token that a registry gives to anyone, from where its 401 says (distribution-spec, "token authentication"). */
async function anonymousToken(
  refused: Response,
  repository: string,
  fetch: typeof globalThis.fetch,
): Promise<string | undefined> {
  const challenge = refused.headers.get("www-authenticate") ?? "";
  const said = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  if (!/^bearer /i.test(challenge) || !said.realm) {
    throw new RegistryError("it asks for a sign-in of another kind than a token", 401);
  }
  const url = new URL(said.realm);
  if (said.service) url.searchParams.set("service", said.service);
  url.searchParams.set("scope", said.scope ?? `repository:${repository}:pull`);
  const answer = await fetch(url);
  if (!answer.ok) throw await registryError(answer, `GET ${url.origin}${url.pathname}`);
  const body = (await answer.json()) as { readonly token?: string; readonly access_token?: string };
  return body.token ?? body.access_token;
}
