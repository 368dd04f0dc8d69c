/** A volume of an instance, shared by its containers. */
export type VolumeSpec = { readonly name: string } & (
  | {
      readonly kind: "secret";
      /** Each a version: `projects/p/secrets/s/versions/latest`, under its path in the volume. */
      readonly files: readonly { readonly version: string; readonly path: string; readonly mode: number }[];
    }
  | { readonly kind: "empty" }
  | {
      readonly kind: "bucket";
      readonly bucket: string;
      readonly readOnly: boolean;
      /** The folder of the bucket that is the volume's root; "" for all of it. */
      readonly onlyDir: string;
    }
);

/** Where a container sees a volume. */
export interface VolumeMount {
  readonly volume: string;
  /** Absolute, in the container. */
  readonly path: string;
  /** A folder or file of the volume, in place of all of it. */
  readonly subPath?: string;
}

/** A folder or file of this machine that a program sees at a path of its own. */
export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly readOnly: boolean;
}

/** A volume while an instance runs. */
export interface Volume {
  readonly dir: string;
  readonly readOnly: boolean;
  /** After the instance's programs have ended: what they wrote is brought to where it belongs. */
  close(): Promise<void>;
}
