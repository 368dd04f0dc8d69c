import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "@aloft/kit/failure";
import type { Plan } from "../plan/plan.ts";
import { label } from "../ui/plan-text.ts";
import { forEnv } from "./session.ts";

/** Everything that stands between a plan and `up`, told together; undefined when nothing does. */
export function blockedBy(plan: Plan): Failure | undefined {
  const { blockers, graph } = plan;
  const [first] = blockers;
  if (first === undefined) return undefined;
  const secrets = blockers.filter(({ code }) => code === "SECRET_VALUES_MISSING").length;
  const what =
    secrets === blockers.length
      ? `${secrets} ${secrets === 1 ? "secret has" : "secrets have"} no value`
      : `${blockers.length} ${blockers.length === 1 ? "thing stands" : "things stand"} in the way`;
  const file = [".env", ".env.example"].find((name) => existsSync(join(graph.folder, name)));
  const all = secrets > 1 && file !== undefined ? forEnv(`aloft secrets import ${file}`, graph.env) : undefined;
  return new Failure({
    code: first.code,
    what,
    problems: blockers.map((blocker) => ({
      ...(named(blocker.what, blocker.address) ? {} : { at: label(blocker.address) }),
      what: blocker.what,
      next: forEnv(blocker.next, graph.env),
    })),
    ...(all === undefined ? {} : { next: `${all}   (all that the file has, at once)` }),
  });
}

const named = (what: string, address: string): boolean => what.includes(address) || what.includes(label(address));
