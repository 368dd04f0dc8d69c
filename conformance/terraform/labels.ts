import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sources } from "./configurations.ts";

/** A label more on everything that takes labels, by the provider's own default: a change in place of any configuration. */
export function labelEverything(folder: string): void {
  const own = /^provider\s+"google"\s*\{/m.test(sources(folder));
  // An override needs what it overrides.
  const name = own ? "conformance_override.tf" : "conformance.tf";
  writeFileSync(join(folder, name), 'provider "google" {\n  default_labels = { changed = "yes" }\n}\n');
}
