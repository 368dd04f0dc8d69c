import type { Host } from "../../host.ts";
import type { ServiceParts } from "../../service.ts";
import { aclMethods } from "./acl-methods.ts";
import { batchMethods } from "./batch.ts";
import { bucketIamMethods } from "./bucket-iam.ts";
import { bucketMethods } from "./buckets.ts";
import { copyMethods } from "./copies.ts";
import { storageErrors } from "./errors.ts";
import { folderMethods } from "./folders.ts";
import { hmacKeyMethods } from "./hmac-keys.ts";
import { identify } from "./identity.ts";
import { insertMethods } from "./insert.ts";
import { runLifecycle, startLifecycle } from "./lifecycle.ts";
import { mediaMethods } from "./media.ts";
import { notificationMethods } from "./notifications.ts";
import { objectMethods } from "./objects.ts";
import { sessionMethods } from "./resumable.ts";
import { type Storage, storageOf } from "./storage.ts";
import { missingMethods, noCaches } from "./unimplemented.ts";
import { xmlMethods } from "./xml.ts";

/** All methods of the service; the clock's work begins with them. */
export function storageParts(host: Host): ServiceParts {
  const all = running(host);
  const { raw, rest } = insertMethods(all);
  return {
    rest: [
      ...bucketMethods(all),
      ...bucketIamMethods(all),
      ...aclMethods(all),
      ...objectMethods(all),
      ...copyMethods(all),
      ...folderMethods(all),
      ...notificationMethods(all),
      ...hmacKeyMethods(all),
      ...rest,
      ...noCaches,
      ...missingMethods,
    ],
    raw: [...mediaMethods(all), ...raw, ...sessionMethods(all), ...batchMethods(all), ...xmlMethods(all)],
    errors: storageErrors,
    identify: (request, byToken) => identify(all, request, byToken),
  };
}

/** What a cloud that ended midway has left: files that no object names, and work that fell due meanwhile. */
export async function resumeStorage(host: Host): Promise<void> {
  const all = running(host);
  await all.content.sweep(all.store.fileIsKnown, all.sessions.has);
  if (runLifecycle(all)) all.wake();
}

/** With the clock's work started, once. */
function running(host: Host): Storage {
  const all = storageOf(host);
  host.shared("storage.lifecycle", () => startLifecycle(all));
  return all;
}
