import type { Clock } from "@aloft/kit/clock";
import { messageOf } from "@aloft/kit/failure";
import type { ContainerSpec } from "../machines.ts";
import type { Images } from "./images.ts";

/** After a start of the cloud its revisions come up first; after an update the image before is often wanted once more. */
const waitMs = 60_000;

interface Runs {
  readonly containers: readonly Pick<ContainerSpec, "image">[];
}

/** Removes what is left of images that nothing runs any more. */
export interface Collector {
  /** Something may not be needed any more: looks after a while, once for all that is said meanwhile. */
  later(): void;
  /** Keeps the images as long as the work takes. */
  using<T>(what: Runs, work: () => Promise<T>): Promise<T>;
  close(): void;
}

/** `inUse` is all that runs or may run at any moment, besides what goes by `using`. */
export function createCollector(options: {
  readonly clock: Pick<Clock, "after">;
  readonly note: (topic: string, text: string) => void;
  readonly images: Pick<Images, "sweep">;
  readonly inUse: () => readonly Runs[];
}): Collector {
  const { clock, images, note } = options;
  const used = new Set<Runs>();
  let cancel: (() => void) | undefined;

  const sweep = (): void => {
    cancel = undefined;
    const refs = (): readonly string[] =>
      [...options.inUse(), ...used].flatMap(({ containers }) => containers.map(({ image }) => image));
    images.sweep(refs).catch((thrown) => {
      note("run/images", `Unpacked images that are not used could not be removed: ${messageOf(thrown)}`);
    });
  };

  return {
    later: () => {
      cancel ??= clock.after(waitMs, sweep);
    },
    using: async (what, work) => {
      used.add(what);
      try {
        return await work();
      } finally {
        used.delete(what);
      }
    },
    close: () => cancel?.(),
  };
}
