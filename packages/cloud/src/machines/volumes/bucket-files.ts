import type { Principal } from "../../service.ts";

/** A bucket's live objects, as somebody: what a volume of it is made of. All but `version` throw what Cloud Storage throws. */
export interface BucketFiles {
  /** Another number after each change of the bucket's objects; undefined where there is no such bucket. */
  version(bucket: string): number | undefined;
  list(bucket: string, prefix: string, as: Principal): readonly BucketFile[];
  /** Its data, to a new file of this machine. */
  fetch(bucket: string, file: BucketFile, to: string, as: Principal): Promise<void>;
  /** A new generation of the object, with the file's data. */
  put(bucket: string, name: string, from: string, as: Principal): Promise<BucketFile>;
  /** That generation is removed; nothing where it is gone already. */
  remove(bucket: string, file: BucketFile, as: Principal): void;
}

export interface BucketFile {
  readonly name: string;
  readonly generation: number;
}
