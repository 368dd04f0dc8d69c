import { RpcError } from "../../../wire/rpc-error.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Kubernetes' label selectors: `a = b`, `a != b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 * Throws INVALID_ARGUMENT for what is none.
 */
export function labelSelector(text: string): (labels: Labels) => boolean {
  const parts = (text.match(/(?:[^,(]|\([^)]*\))+/g) ?? []).map((part) => part.trim()).filter((part) => part !== "");
  const tests = parts.map(requirement);
  return (labels) => tests.every((test) => test(labels));
}

function requirement(part: string): (labels: Labels) => boolean {
  const set = /^([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = "", how, list = ""] = set;
    const values = list.split(",").map((each) => each.trim());
    return (labels) => values.includes(labels[key] ?? "\0") === (how === "in");
  }
  const equal = /^([\w./-]+)\s*(=|==|!=)\s*([\w.-]*)$/.exec(part);
  if (equal !== null) {
    const [, key = "", how, value = ""] = equal;
    return (labels) => (labels[key] === value) === (how !== "!=");
  }
  const exists = /^(!?)\s*([\w./-]+)$/.exec(part);
  if (exists !== null) {
    const [, not, key = ""] = exists;
    return (labels) => (labels[key] !== undefined) === (not === "");
  }
  throw new RpcError("INVALID_ARGUMENT", `Invalid label selector: '${part}'.`);
}
