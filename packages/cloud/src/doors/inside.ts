import type { HttpSurface } from "../service.ts";
import type { Apis } from "../wire/apis.ts";
import type { GrpcDoor } from "../wire/grpc.ts";
import type { RestDoor } from "../wire/rest.ts";

/** What is behind the doors. */
export interface Inside {
  readonly apis: Apis;
  readonly rest: RestDoor;
  readonly grpc: GrpcDoor;
  /** Asked before the APIs. */
  readonly surfaces: readonly HttpSurface[];
  /** Does work whose writes are kept all together; they are when it returns. */
  readonly together: <T>(work: () => T) => T;
}
