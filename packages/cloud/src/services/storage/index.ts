import type { CloudService } from "../../service.ts";
import { aclMethods } from "./acl-methods.ts";
import { batchMethods } from "./batch.ts";
import { bucketIamMethods } from "./bucket-iam.ts";
import { bucketMethods } from "./buckets.ts";
import { copyMethods } from "./copies.ts";
import { storageErrors } from "./errors.ts";
import { folderMethods } from "./folders.ts";
import { identify } from "./identity.ts";
import { insertMethods } from "./insert.ts";
import { runLifecycle, startLifecycle } from "./lifecycle.ts";
import { mediaMethods } from "./media.ts";
import { notificationMethods } from "./notifications.ts";
import { objectMethods } from "./objects.ts";
import { sessionMethods } from "./resumable.ts";
import { api, hasState, type Storage, storageOf } from "./storage.ts";
import { missingMethods, noCaches } from "./unimplemented.ts";
import { xmlMethods } from "./xml.ts";

/** Starts the clock's work, once. */
function running(storage: Storage): Storage {
  storage.host.shared("storage.lifecycle", () => startLifecycle(storage));
  return storage;
}

/** Cloud Storage: the JSON API v1 with its uploads and downloads, and of the XML API what signed URLs are for. */
export const storage: CloudService = {
  api,
  title: "Cloud Storage JSON API",
  create: (host) => {
    const all = running(storageOf(host));
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
        ...rest,
        ...noCaches,
        ...missingMethods,
      ],
      raw: [...mediaMethods(all), ...raw, ...sessionMethods(all), ...batchMethods(all), ...xmlMethods(all)],
      errors: storageErrors,
      identify: (request, byToken) => identify(all, request, byToken),
    };
  },
  // What a cloud that ended midway has left: files that no object names, and work that fell due meanwhile.
  resume: async (host) => {
    if (!hasState(host)) return;
    const all = running(storageOf(host));
    await all.content.sweep(all.store.fileIsKnown, all.sessions.has);
    if (runLifecycle(all)) all.wake();
  },
  close: async (host) => {
    if (hasState(host)) host.shared("storage.lifecycle", () => () => undefined)();
  },
};
