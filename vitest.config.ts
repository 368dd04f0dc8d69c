import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "examples/*/**/*.test.ts",
      "scripts/**/*.test.ts",
      "test/**/*.test.ts",
      "conformance/**/*.test.ts",
    ],
    pool: "forks",
    // Much of the time is waiting for processes: also a machine of two cores runs two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
