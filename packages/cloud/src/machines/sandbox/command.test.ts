import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageConfig } from "../images/oci.ts";
import type { ContainerSpec } from "../machines.ts";
import { commandOf, environmentOf } from "./command.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "aloft-root-"));
  for (const folder of ["usr/bin", "etc", "app"]) mkdirSync(join(root, folder), { recursive: true });
  symlinkSync("/usr/bin", join(root, "bin"));
  for (const file of ["usr/bin/tool", "app/run"]) writeFileSync(join(root, file), "");
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:1001:1002::/home/app:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "staff:x:50:\n");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const image: ImageConfig = {
  env: ["A=image", "EQ=a=b"],
  entrypoint: ["tool"],
  cmd: ["one", "two"],
  workingDir: "/app",
  user: "",
  diffIds: [],
  os: "linux",
  architecture: "amd64",
};
const command = (spec: Partial<ContainerSpec>, config: Partial<ImageConfig> = {}) =>
  commandOf({ command: [], args: [], ...spec } as ContainerSpec, { ...image, ...config }, root, undefined);

describe("a container's command", () => {
  test.each([
    [{}, ["/usr/bin/tool", "one", "two"]],
    [{ args: ["x"] }, ["/usr/bin/tool", "x"]],
    [{ command: ["/bin/tool"] }, ["/bin/tool"]],
    [{ command: ["./run"], args: ["x"] }, ["/app/run", "x"]],
  ])("%j", (spec, argv) => expect(command(spec).argv).toEqual(argv));

  test.each([
    ["", 0, 0, "/root"],
    ["app", 1001, 1002, "/home/app"],
    ["app:staff", 1001, 50, "/home/app"],
    ["1001", 1001, 1002, "/home/app"],
    ["4242:7", 4242, 7, "/"],
  ])("the image's user %j", (user, uid, gid, home) => expect(command({}, { user })).toMatchObject({ uid, gid, home }));

  test("what the root has not is refused by name", () => {
    expect(() => command({}, { user: "nobody" })).toThrow("unable to find user nobody");
    expect(() => command({ command: ["/etc/none"] })).toThrow('error finding executable "/etc/none"');
    expect(() => command({}, { entrypoint: [], cmd: [] })).toThrow("neither an entrypoint nor a command");
  });

  test("the spec's variables go before Cloud Run's, the image's come last", () => {
    expect(environmentOf(image, { A: "cloud", PORT: "1" }, { A: "own" }, "/root")).toMatchObject({
      A: "own",
      EQ: "a=b",
      PORT: "1",
      HOME: "/root",
    });
  });
});
