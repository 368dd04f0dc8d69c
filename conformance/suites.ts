import { gcloud } from "./gcloud/index.ts";
import { go } from "./go/index.ts";
import { node } from "./node/index.ts";
import { oci } from "./oci/index.ts";
import { python } from "./python/index.ts";
import { recordings } from "./recordings/index.ts";
import type { Suite } from "./suite.ts";
import { terraform } from "./terraform/index.ts";

/** Every suite, in the order in which they are worth running. */
export const suites: readonly Suite[] = [recordings, gcloud, node, python, go, oci, terraform];
