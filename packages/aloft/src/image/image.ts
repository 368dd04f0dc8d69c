/** An OCI image ready to push: what `pack` makes of an entry, and what the registry client takes. */
export interface Image {
  /** `sha256:…` of the manifest: the same for the same input. */
  readonly digest: string;
  /** The manifest's exact bytes. */
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  readonly blobs: readonly Blob[];
}

export interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** Its bytes, anew at each call. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** What `entry:` says. Paths are absolute. */
export interface EntrySpec {
  readonly entry: string;
  /** Folder that the entry belongs to: where `node_modules` is looked up from and static files are taken from. */
  readonly folder: string;
  /** Files beside the bundle, relative to `folder`: `["public/**"]`. */
  readonly include?: readonly string[];
  /** `REPO/IMAGE@sha256:…`; absent: the default base, made from the pinned Node. */
  readonly base?: string;
}

export interface PackOptions {
  /** Where bases and blobs are kept between runs: `.aloft/images`. Safe to delete. */
  readonly cache: string;
  readonly onProgress?: (message: string) => void;
  /** Fetches a named base by the OCI protocol. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Bundles the entry and lays it on its base. Throws `Failure` ENTRY_INVALID with the compiler's messages, or IMAGE_INVALID. */
export type Pack = (spec: EntrySpec, options: PackOptions) => Promise<Image>;

export interface RegistryTarget {
  /** `http://127.0.0.1:4510/us-central1-docker.pkg.dev` or `https://us-central1-docker.pkg.dev`. `/v2/…` follows. */
  readonly endpoint: string;
  /** `project/repository/image`. */
  readonly repository: string;
  /** A bearer token for it. */
  readonly token: () => Promise<string>;
  readonly fetch?: typeof globalThis.fetch;
}

/** Uploads what the registry lacks (blobs by HEAD, then the manifest by digest and under `tag`). Answers whether anything was sent. */
export type Push = (
  image: Image,
  target: RegistryTarget,
  tag?: string,
  onProgress?: (message: string) => void,
) => Promise<boolean>;

/** Whether the registry has this manifest. */
export type Has = (digest: string, target: RegistryTarget) => Promise<boolean>;
