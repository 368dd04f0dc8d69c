import type { CloudService } from "../../service.ts";
import { greetings } from "./rpc.ts";

/**
 * Greetings: not an API of Google's but our own, the smallest real service, to copy. Its host ends in `local.aloft`, so
 * that nobody takes it for one that is there in the real cloud.
 */
export const hello: CloudService = {
  api: "hello.local.aloft",
  title: "Hello API",
  alwaysOn: true,
  create: (host) => ({ rest: greetings(host) }),
};
