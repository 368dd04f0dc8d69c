import { api } from "./api.ts";
import { derivedSecret } from "./derived-secret.ts";
import { image } from "./image.ts";
import { invoker } from "./invoker.ts";
import type { AnyKind } from "./kind.ts";
import { redis } from "./redis.ts";
import { repository } from "./repository.ts";
import { secret } from "./secret.ts";
import { secretAccess } from "./secret-access.ts";
import { service } from "./service.ts";
import { serviceAccount } from "./service-account.ts";

/** Every kind there is, in an order in which what is needed comes first; deletion goes the other way. */
export const kinds: readonly AnyKind[] = [
  api,
  serviceAccount,
  repository,
  secret,
  redis,
  derivedSecret,
  secretAccess,
  image,
  service,
  invoker,
];

/** The kind of this name. */
export function kindOf(name: string): AnyKind {
  const found = kinds.find((kind) => kind.name === name);
  if (found === undefined) throw new Error(`there is no kind ${name}`);
  return found;
}
