import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Volume, VolumeSpec } from "./volume.ts";

/** Google fetches a mounted secret at each read; here what is no fixed number is looked up again so often. */
const refreshMs = 1000;

/**
 * A folder with a file for each version. What cannot be read at first keeps the instance from starting (`read`'s error
 * is thrown); later, the file stays as it was.
 */
export async function secretVolume(
  spec: Extract<VolumeSpec, { kind: "secret" }>,
  options: {
    readonly dir: string;
    readonly read: (version: string) => Promise<Uint8Array>;
  },
): Promise<Volume> {
  const { dir, read } = options;
  const held = new Map<string, Uint8Array>();
  const write = async ({ version, path, mode }: (typeof spec.files)[number]): Promise<void> => {
    const value = await read(version);
    const before = held.get(path);
    if (before !== undefined && Buffer.compare(before, value) === 0) return;
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    const beside = join(dirname(file), `..${path.replaceAll("/", "_")}.new`);
    writeFileSync(beside, value, { mode });
    renameSync(beside, file);
    held.set(path, value);
  };
  mkdirSync(dir, { recursive: true });
  for (const file of spec.files) await write(file);

  const moving = spec.files.filter(({ version }) => !/\/versions\/\d+$/.test(version));
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (const file of moving) await write(file).catch(() => undefined);
    busy = false;
  };
  const timer = moving.length === 0 ? undefined : setInterval(() => void look(), refreshMs).unref();
  return {
    dir,
    readOnly: true,
    close: async () => clearInterval(timer),
  };
}
