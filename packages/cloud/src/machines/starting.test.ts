import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "../wire/rpc-error.ts";
import type { Machines } from "./machines.ts";
import { until, type World, world } from "./test-support.ts";

let w: World;
beforeAll(async () => {
  w = await world({
    secrets: async (name, as) => {
      if (name.includes("/forbidden/")) throw new RpcError("PERMISSION_DENIED", `no access for ${as.email}`);
      return Buffer.from(`value of ${name}`);
    },
  });
});
afterAll(() => w[Symbol.asyncDispose]());

const get = async (m: Machines, path: string): Promise<Response> => {
  const url = await until(() => m.localUrl("projects/demo/locations/us-central1/services/api"));
  return fetch(`${url}${path}`);
};

describe("starting a revision", () => {
  test("it starts from its image, answers, and sees the environment that Cloud Run promises", async () => {
    const spec = w.spec("api-1", {
      env: [
        { name: "PLAIN", value: "p" },
        { name: "FACE", value: "own" },
        { name: "TOKEN", secret: "token", version: "3" },
      ],
    });
    const state = await w.machines.start(spec);
    expect(state.failure?.message).toBeUndefined();
    expect(state.phase).toBe("ready");
    expect(state.instances).toMatchObject([{ phase: "running", requests: 0 }]);
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const seen = (await (await get(w.machines, "/env")).json()) as Record<string, unknown>;
    expect(seen).toMatchObject({
      K_SERVICE: "api",
      K_REVISION: "api-1",
      K_CONFIGURATION: "api",
      PLAIN: "p",
      FACE: "own",
      FROM_IMAGE: "yes",
      TOKEN: "value of projects/demo/secrets/token/versions/3",
      uid: 0,
      HOME: "/root",
    });
    expect(seen.PORT).not.toBe("8080");
    expect(seen.GCE_METADATA_HOST).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const name of ["USER", "VITEST", "NODE_ENV"]) expect(seen).not.toHaveProperty(name);
    if (w.machines.isolation.kind === "bubblewrap") expect(seen.cwd).toBe("/app");
  });
});
