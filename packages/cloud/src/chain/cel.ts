import { createRequire } from "node:module";
import type * as CelModule from "@bufbuild/cel";
import type * as CelExtensions from "@bufbuild/cel/ext";
import { tagAsked } from "./condition-tags.ts";

type Cel = typeof CelModule;
type Expr = ReturnType<Cel["parse"]>["expr"];

/** Why an expression is no good: an error of its grammar, or a name that nothing has. */
export class CelProblem extends Error {}

/** A compiled expression. Gives the value as JSON-like JavaScript; throws `CelProblem` when it cannot be worked out. */
export type CelProgram = (variables: Readonly<Record<string, unknown>>) => unknown;

export interface CelScope {
  /** The variables that an expression may name. */
  readonly variables: ReadonlySet<string>;
  /** Told of every `a.b` on a variable, and of every function: throws where the scope has none such. */
  readonly select?: (variable: string, field: string) => void;
  readonly call?: (name: string, target: string | undefined, literals: readonly unknown[]) => void;
}

const functions: ReadonlySet<string> = new Set(
  (
    "size startsWith endsWith contains matches timestamp duration int uint double string bool bytes type dyn " +
    "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds " +
    "charAt indexOf lastIndexOf join lowerAscii upperAscii replace split substring trim extract getAttribute hasOnly @not_strictly_false " +
    "matchTag matchTagId hasTagKey hasTagKeyId"
  ).split(" "),
);

interface Kit {
  readonly cel: Cel;
  readonly env: ReturnType<Cel["celEnv"]>;
}

let kit: Kit | undefined;

/** Loaded at the first condition (a tenth of a second), and not by `import()`: permission checks do not wait. */
function load(): Kit {
  if (kit !== undefined) return kit;
  const require = createRequire(import.meta.url);
  const cel = require("@bufbuild/cel") as Cel;
  const { strings } = require("@bufbuild/cel/ext") as typeof CelExtensions;
  const { BOOL, DYN, STRING } = cel.CelScalar;
  const list = cel.listType(DYN);
  const map = cel.mapType(STRING, DYN);
  const env = cel.celEnv({
    funcs: [
      ...strings,
      cel.celMethod("extract", STRING, [STRING], STRING, function (template) {
        return extract(String(this), template);
      }),
      cel.celMethod("getAttribute", map, [STRING, DYN], DYN, function (name, otherwise) {
        return this.has(name) ? (this.get(name) as typeof otherwise) : otherwise;
      }),
      ...["matchTag", "matchTagId"].map((name) =>
        cel.celMethod(name, map, [STRING, STRING], BOOL, function (key, value) {
          return this.has(tagAsked(name, key, value));
        }),
      ),
      ...["hasTagKey", "hasTagKeyId"].map((name) =>
        cel.celMethod(name, map, [STRING], BOOL, function (key) {
          return this.has(tagAsked(name, key));
        }),
      ),
      cel.celMethod("hasOnly", list, [list], BOOL, function (allowed) {
        const names = new Set<unknown>(allowed);
        return [...this].every((each) => names.has(each));
      }),
    ],
  });
  kit = { cel, env };
  return kit;
}

const programs = new Map<string, CelProgram>();
const mostPrograms = 2000;

/** Compiles, once for each text. Throws `CelProblem` for what does not parse. */
export function compileCel(expression: string): CelProgram {
  const known = programs.get(expression);
  if (known !== undefined) return known;
  const { cel, env } = load();
  const plan = cel.plan(env, parse(expression)) as (variables: Record<string, unknown>) => unknown;
  const program: CelProgram = (variables) => {
    const value = plan(variables);
    if (cel.isCelError(value)) throw new CelProblem(value.message);
    return cel.isCelList(value) ? [...value] : value;
  };
  if (programs.size >= mostPrograms) programs.clear();
  programs.set(expression, program);
  return program;
}

/** Checks names and functions against what there is. Throws `CelProblem` in the words of CEL's own checker. */
export function checkCel(expression: string, scope: CelScope): void {
  walk(parse(expression), scope, new Set());
}

function parse(expression: string): Expr {
  try {
    return load().cel.parse(expression).expr;
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CelProblem(`Syntax error: ${text.replace(/^<input>:/, "")}`);
  }
}

function walk(expr: Expr | undefined, scope: CelScope, locals: ReadonlySet<string>): void {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case "identExpr":
      if (!locals.has(kind.value.name) && !scope.variables.has(kind.value.name)) throw undeclared(kind.value.name);
      return;
    case "selectExpr": {
      const variable = identifier(kind.value.operand);
      if (variable !== undefined && !locals.has(variable) && scope.variables.has(variable)) {
        scope.select?.(variable, kind.value.field);
      }
      walk(kind.value.operand, scope, locals);
      return;
    }
    case "callExpr": {
      const { function: name, target, args } = kind.value;
      scope.call?.(name, identifier(target), args.map(literal));
      if (/^\w+$/.test(name) && !functions.has(name)) throw undeclared(name);
      walk(target, scope, locals);
      for (const each of args) walk(each, scope, locals);
      return;
    }
    case "listExpr":
      for (const each of kind.value.elements) walk(each, scope, locals);
      return;
    case "structExpr":
      for (const entry of kind.value.entries) {
        if (entry.keyKind.case === "mapKey") walk(entry.keyKind.value, scope, locals);
        walk(entry.value, scope, locals);
      }
      return;
    case "comprehensionExpr": {
      const { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result } = kind.value;
      walk(iterRange, scope, locals);
      walk(accuInit, scope, locals);
      const inner = new Set([...locals, iterVar, accuVar]);
      for (const each of [loopCondition, loopStep, result]) walk(each, scope, inner);
      return;
    }
  }
}

function identifier(expr: Expr | undefined): string | undefined {
  return expr?.exprKind.case === "identExpr" ? expr.exprKind.value.name : undefined;
}

function literal(expr: Expr): unknown {
  return expr.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind.value : undefined;
}

function undeclared(name: string): CelProblem {
  return new CelProblem(`undeclared reference to '${name}' (in container '')`);
}

/**
 * Google's `extract`: what stands at the one `{…}` of the template, between the text before it (at its first place)
 * and the text after it; empty when the template does not match.
 */
function extract(text: string, template: string): string {
  const [, before, after] = /^([^{}]*)\{[^{}]+\}([^{}]*)$/.exec(template) ?? [];
  if (before === undefined || after === undefined) {
    throw new Error(`the template '${template}' has not one {name}`);
  }
  const start = text.indexOf(before);
  if (start < 0) return "";
  const from = start + before.length;
  if (after === "") return text.slice(from);
  const end = text.indexOf(after, from);
  return end < 0 ? "" : text.slice(from, end);
}
