import type { Check } from "./check.ts";
import { redis } from "./redis.ts";
import { secrets } from "./secrets.ts";
import { services } from "./services.ts";

/** Every check, in the order in which they run. To add one: copy `secrets.ts`, add its line here. */
export const checks: readonly Check[] = [secrets, services, redis];
