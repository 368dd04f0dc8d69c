/** A manifest as it was pushed. */
export interface StoredManifest {
  /** `sha256:…` of `bytes`. */
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A blob on disk. The file is never changed once it is there; readers may keep it open over a deletion. */
export interface StoredBlob {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** The registry's content from inside: what the machines pull from, without HTTP and without a caller. */
export interface Registry {
  /**
   * The manifest that an image reference names: `us-central1-docker.pkg.dev/project/repo/image[/more][:tag|@sha256:…]`
   * (`latest` without either). Undefined when there is no such repository, image, tag or digest.
   */
  resolve(ref: string): StoredManifest | undefined;
  /** A blob by digest (`sha256:…`), from whichever repository. */
  blob(digest: string): StoredBlob | undefined;
}

/** The key under which a cloud shares its registry. */
export const registryKey = "artifactregistry";
