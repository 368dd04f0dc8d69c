import type { Database } from "../../host.ts";
import { isDigest } from "./names.ts";

export interface ManifestRow {
  readonly repository: string;
  readonly image: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Config and layers (an index: 0), in bytes. */
  readonly size: number;
  readonly createdMs: number;
  /** When it or one of its tags was last pushed. */
  readonly updatedMs: number;
  /** `created` of the image's config, in milliseconds. */
  readonly builtMs: number | null;
}

export interface TagRow {
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
}

const schema = `
  CREATE TABLE IF NOT EXISTS registry_blobs (
    repository TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS registry_blobs_by_digest ON registry_blobs (digest);
  CREATE TABLE IF NOT EXISTS registry_manifests (
    repository TEXT NOT NULL, image TEXT NOT NULL, digest TEXT NOT NULL, mediaType TEXT NOT NULL, size INTEGER NOT NULL,
    createdMs INTEGER NOT NULL, updatedMs INTEGER NOT NULL, builtMs INTEGER, bytes BLOB NOT NULL,
    PRIMARY KEY (repository, image, digest)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS registry_tags (
    repository TEXT NOT NULL, image TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (repository, image, tag)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS registry_annotations (name TEXT PRIMARY KEY, annotations TEXT NOT NULL) WITHOUT ROWID;
`;

/** What is in the repositories: which blobs each knows, manifests with their bytes, tags. `repository` is a resource name. */
export type Content = ReturnType<typeof createContent>;

export function createContent(db: Database) {
  db.define(schema);
  const blob = db.prepare("SELECT size FROM registry_blobs WHERE repository = ? AND digest = ?");
  const manifest = db.prepare("SELECT * FROM registry_manifests WHERE repository = ? AND image = ? AND digest = ?");
  const tag = db.prepare("SELECT digest FROM registry_tags WHERE repository = ? AND image = ? AND tag = ?");

  const content = {
    /** The size of a blob that the repository knows, in bytes. */
    blobSize: (repository: string, digest: string): number | undefined =>
      (blob.get(repository, digest) as { size: number } | undefined)?.size,
    addBlob: (repository: string, digest: string, size: number): void => {
      db.prepare("INSERT OR IGNORE INTO registry_blobs VALUES (?, ?, ?)").run(repository, digest, size);
    },
    /** All blobs that the repository knows. */
    blobs: (repository: string): { readonly digest: string; readonly size: number }[] =>
      db
        .prepare("SELECT digest, size FROM registry_blobs WHERE repository = ?")
        .all(repository)
        .map((row) => ({ digest: String(row.digest), size: Number(row.size) })),
    blobKnown: (digest: string): boolean =>
      db.prepare("SELECT 1 FROM registry_blobs WHERE digest = ? LIMIT 1").get(digest) !== undefined,
    sizeOf: (repository: string): number =>
      (
        db
          .prepare("SELECT coalesce(sum(size), 0) AS size FROM registry_blobs WHERE repository = ?")
          .get(repository) as {
          size: number;
        }
      ).size,

    manifest: (repository: string, image: string, digest: string): ManifestRow | undefined =>
      manifest.get(repository, image, digest) as ManifestRow | undefined,
    tagged: (repository: string, image: string, name: string): string | undefined =>
      (tag.get(repository, image, name) as { digest: string } | undefined)?.digest,
    /** The manifest of a tag or digest in the first of these repositories that has it. */
    pull: (repositories: readonly string[], image: string, reference: string): ManifestRow | undefined => {
      for (const repository of repositories) {
        const digest = isDigest(reference) ? reference : content.tagged(repository, image, reference);
        const found = digest === undefined ? undefined : content.manifest(repository, image, digest);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    /** What users wrote on a package or a version, by its resource name. */
    annotations: (name: string): Readonly<Record<string, string>> => {
      const row = db.prepare("SELECT annotations FROM registry_annotations WHERE name = ?").get(name);
      return row === undefined ? {} : (JSON.parse(String(row.annotations)) as Record<string, string>);
    },
    setAnnotations: (name: string, annotations: Readonly<Record<string, string>>): void => {
      db.prepare(
        "INSERT INTO registry_annotations VALUES (?, ?) ON CONFLICT DO UPDATE SET annotations = excluded.annotations",
      ).run(name, JSON.stringify(annotations));
    },
    removeAnnotations: (name: string): void => {
      db.prepare("DELETE FROM registry_annotations WHERE name = ? OR substr(name, 1, ?) = ?").run(
        name,
        name.length + 1,
        `${name}/`,
      );
    },
    putManifest: (row: ManifestRow): void => {
      db.prepare(
        `INSERT INTO registry_manifests (repository, image, digest, mediaType, size, createdMs, updatedMs, builtMs, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET mediaType = excluded.mediaType, updatedMs = excluded.updatedMs`,
      ).run(
        row.repository,
        row.image,
        row.digest,
        row.mediaType,
        row.size,
        row.createdMs,
        row.updatedMs,
        row.builtMs,
        row.bytes,
      );
    },
    putTag: (repository: string, row: TagRow): void => {
      db.prepare("INSERT OR REPLACE INTO registry_tags VALUES (?, ?, ?, ?)").run(
        repository,
        row.image,
        row.tag,
        row.digest,
      );
    },
    removeTag: (repository: string, image: string, name: string): boolean =>
      db
        .prepare("DELETE FROM registry_tags WHERE repository = ? AND image = ? AND tag = ?")
        .run(repository, image, name).changes > 0,
    /** Deletes a manifest and the tags that name it. */
    removeManifest: (repository: string, image: string, digest: string): boolean =>
      db.tx(() => {
        db.prepare("DELETE FROM registry_tags WHERE repository = ? AND image = ? AND digest = ?").run(
          repository,
          image,
          digest,
        );
        return (
          db
            .prepare("DELETE FROM registry_manifests WHERE repository = ? AND image = ? AND digest = ?")
            .run(repository, image, digest).changes > 0
        );
      }),
    removeImage: (repository: string, image: string): void =>
      db.tx(() => {
        db.prepare("DELETE FROM registry_tags WHERE repository = ? AND image = ?").run(repository, image);
        db.prepare("DELETE FROM registry_manifests WHERE repository = ? AND image = ?").run(repository, image);
      }),
    /** Forgets all of a repository. Answers the digests that no other repository knows: their files can go. */
    removeRepository: (repository: string): string[] =>
      db.tx(() => {
        const had = db.prepare("SELECT digest FROM registry_blobs WHERE repository = ?").all(repository);
        for (const table of ["registry_tags", "registry_manifests", "registry_blobs"]) {
          db.prepare(`DELETE FROM ${table} WHERE repository = ?`).run(repository);
        }
        content.removeAnnotations(repository);
        return had.map((row) => row.digest as string).filter((digest) => !content.blobKnown(digest));
      }),

    images: (repository: string): string[] =>
      db
        .prepare("SELECT DISTINCT image FROM registry_manifests WHERE repository = ? ORDER BY image")
        .all(repository)
        .map((row) => row.image as string),
    /** Newest first; of one image, or of all. */
    manifests: (repository: string, image?: string): ManifestRow[] =>
      (image === undefined
        ? db
            .prepare("SELECT * FROM registry_manifests WHERE repository = ? ORDER BY createdMs DESC, image, digest")
            .all(repository)
        : db
            .prepare(
              "SELECT * FROM registry_manifests WHERE repository = ? AND image = ? ORDER BY createdMs DESC, digest",
            )
            .all(repository, image)) as unknown as ManifestRow[],
    tags: (repository: string, image: string): TagRow[] =>
      db
        .prepare("SELECT image, tag, digest FROM registry_tags WHERE repository = ? AND image = ? ORDER BY tag")
        .all(repository, image) as unknown as TagRow[],
  };
  return content;
}
