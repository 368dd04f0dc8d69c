import { RpcError } from "./rpc-error.ts";

interface Violation {
  /** Where, in proto names: `secret.topics[0]`; absent at the request itself. */
  readonly field?: string;
  readonly description: string;
}

/** All that is wrong with a request, told in one INVALID_ARGUMENT as Google does. */
export class Violations {
  readonly #list: Violation[] = [];

  unknown(name: string, at: string, why: string): void {
    const where = at === "" ? "" : ` at '${at}'`;
    this.add(at, `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${where}: ${why}`);
  }

  /** `type` as Google names it: `TYPE_STRING`, `type.googleapis.com/google.protobuf.Duration`, `oneof`. */
  invalid(at: string, type: string, value: string): void {
    this.add(at, `Invalid value${at === "" ? "" : ` at '${at}'`} (${type}), ${value}`);
  }

  add(at: string, description: string): void {
    this.#list.push(at === "" ? { description } : { field: at, description });
  }

  throwIfAny(): void {
    if (this.#list.length > 0) throw this.error();
  }

  error(): RpcError {
    return new RpcError("INVALID_ARGUMENT", this.#list.map((each) => each.description).join("\n"), [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: this.#list.map((each) => ({ ...each })),
      },
    ]);
  }
}
