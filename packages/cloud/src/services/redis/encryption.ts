import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { TlsCertificate } from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import { createAuthority } from "../../doors/authority.ts";
import type { CaStore } from "../../doors/ca-store.ts";

/** What an instance's address shows to clients that speak TLS: a certificate for it, by the instance's own CA. */
export async function contextOf(ca: CaStore, address: string): Promise<SecureContext> {
  return createSecureContext(await createAuthority(ca).credentials(address));
}

/** The CA as the instance names it: what its clients are to trust. */
export async function caCertsOf(ca: CaStore): Promise<TlsCertificate[]> {
  const cert = await createAuthority(ca).certificate();
  const read = new X509Certificate(cert);
  return [
    {
      $typeName: "google.cloud.redis.v1.TlsCertificate",
      serialNumber: read.serialNumber,
      cert,
      createTime: timestampFromMs(read.validFromDate.getTime()),
      expireTime: timestampFromMs(read.validToDate.getTime()),
      sha1Fingerprint: read.fingerprint.replaceAll(":", "").toLowerCase(),
    },
  ];
}
