import { defineCommand } from "./command.ts";
import { aloftVersion } from "./versions.ts";

export const command = defineCommand({
  name: "version",
  summary: "Print Aloft's version",
  examples: ["aloft version", "aloft --version"],
  run: async () => ({ data: { aloft: aloftVersion(), node: process.versions.node } }),
  text: (data) => data.aloft,
});
