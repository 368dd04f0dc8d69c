import type Http from "node:http";
import type Https from "node:https";
import type Module from "node:module";

/**
 * Node asks the environment for a proxy in `fetch` and its global agents alone, and Google's REST clients bring agents
 * of their own: these get the environment's proxy, too. The function's text runs in the child, before its program.
 */
function proxyOwnAgents(http: typeof Http, https: typeof Https, module: typeof Module): void {
  for (const library of [http, https]) {
    const given = library.Agent;
    library.Agent = new Proxy(given, {
      construct: (target, [options, ...rest], made) => {
        const direct = made === library.Agent;
        return Reflect.construct(target, [direct ? { proxyEnv: process.env, ...options } : options, ...rest], made);
      },
    }) as typeof given;
  }
  module.syncBuiltinESMExports();
}

/** A CommonJS module for `node --require`. */
export const agentsModule = `(${proxyOwnAgents.toString()})(require("node:http"), require("node:https"), require("node:module"));\n`;

/** `NODE_OPTIONS` with the module at this path, after what the user has there. */
export function requiring(path: string, options: string | undefined): string {
  const added = `--require "${path.replace(/["\\]/g, "\\$&")}"`;
  const before = (options ?? "").trim();
  if (before.endsWith(added)) return before;
  return before === "" ? added : `${before} ${added}`;
}
