import type { ClientHttp2Session } from "node:http2";
import type { Catalog } from "./fuzz-catalog.ts";
import type { Random } from "./random.ts";

/** What an attack has at hand. */
export interface AttackContext {
  readonly random: Random;
  readonly catalog: Catalog;
  readonly port: number;
  readonly token: string;
  /** The project that random calls are made in; another one now and then. */
  readonly project: string;
  /** An HTTP/2 connection that is shared until it ends. */
  session(): ClientHttp2Session;
}

/** One try. `did` says what, short; `defect` what was wrong with the answer. */
export interface Attempt {
  readonly did: string;
  readonly defect?: string | undefined;
}

export interface Attack {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  run(context: AttackContext): Promise<Attempt>;
}

/** Every answer, and every end of a connection, has so long. */
export const patienceMs = 8000;
