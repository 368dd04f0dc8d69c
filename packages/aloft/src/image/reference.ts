import { Failure } from "@aloft/kit/failure";

/** An image named by digest: `docker.io/library/node@sha256:…`. */
export interface Reference {
  /** `https://registry-1.docker.io` */
  readonly endpoint: string;
  readonly repository: string;
  readonly digest: string;
}

/**
 * Reads `[HOST/]REPOSITORY[:TAG]@sha256:HEX` as docker does: without a host it is Docker Hub's, without a folder there
 * `library/`. Throws `Failure` IMAGE_INVALID for anything else, above all for a name without a digest.
 */
export function parseReference(text: string): Reference {
  const match = /^(?<name>[a-z0-9][\w.:/-]*?)(?::(?<tag>[\w][\w.-]{0,127}))?@(?<digest>sha256:[0-9a-f]{64})$/i.exec(
    text,
  );
  const { name, digest } = match?.groups ?? {};
  if (name === undefined || digest === undefined) {
    throw new Failure({
      code: "IMAGE_INVALID",
      what: `base ${JSON.stringify(text)} is not an image named by digest`,
      why: "a tag can mean another image tomorrow, and then the same input would not give the same image",
      next: "write it as REPOSITORY@sha256:…, 64 hexadecimal digits: base: 'docker.io/library/node@sha256:…'",
    });
  }
  const [first = "", ...rest] = name.split("/");
  const named = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const host = named ? first : "docker.io";
  const path = named ? rest.join("/") : name;
  const hub = host === "docker.io" || host === "index.docker.io";
  const local = /^(localhost|127\.\d+\.\d+\.\d+)(:|$)/.test(host);
  return {
    endpoint: hub ? "https://registry-1.docker.io" : `${local ? "http" : "https"}://${host}`,
    repository: hub && !path.includes("/") ? `library/${path}` : path,
    digest: digest.toLowerCase(),
  };
}
