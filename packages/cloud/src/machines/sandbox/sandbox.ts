import type { Mount } from "../volumes/volume.ts";
import type { Command } from "./command.ts";

/** A program to run in an image's root. */
export interface Launch {
  /** Of the instance and container: names its folder. */
  readonly id: string;
  /** The image's unpacked root: shared, not to be written to. */
  readonly root: string;
  readonly command: Command;
  readonly env: Readonly<Record<string, string>>;
  /** Names of the variables that the image sets and nobody else: their paths are meant inside the root. */
  readonly imageEnv: ReadonlySet<string>;
  readonly memoryMiB: number;
  /** vCPU: 1, 0.5, 2. */
  readonly cpu: number;
  /** In the order to mount them in. None in a sandbox of kind `plain`. */
  readonly mounts?: readonly Mount[];
}

/** How a program ended. */
export type Exit = { readonly code: number } | { readonly signal: number };

/** A program that runs. */
export interface Program {
  /** The process to keep on record: when it is killed, all of the program is. */
  readonly holder: number;
  /** The program's own process; undefined before it has started or when it is gone. */
  main(): number | undefined;
  /** All its processes, without those that hold it. */
  processes(): readonly number[];
  /** Bytes that it holds on its writable disk, which is memory. */
  diskBytes(): number;
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
  readonly exited: Promise<Exit>;
  /** SIGKILL to all of it. */
  destroy(): void;
}

/** A way to run programs in a root of their own. */
export interface Sandbox {
  readonly kind: "bubblewrap" | "plain";
  /** What is less than it could be, and the reason. */
  readonly why?: string;
  launch(launch: Launch): Promise<Program>;
}
