import { X509Certificate } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ServiceAccountKeyAlgorithm as Algorithm,
  ListServiceAccountKeysRequest_KeyType as KeyType,
  ServiceAccountKeyOrigin as Origin,
  ServiceAccountPrivateKeyType as PrivateKeyType,
  ServiceAccountPublicKeyType as PublicKeyType,
} from "../../../gen/iam-v1.enums.ts";
import type { IAM, ServiceAccountKeySchema } from "../../../gen/types/google/iam/admin/v1/iam_pb.js";
import type { AccountKey } from "../../chain/account-keys.ts";
import type { Account } from "../../chain/accounts.ts";
import { localIam } from "../../chain/iam.ts";
import { hasPreset, noKeys } from "../../chain/presets.ts";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { canonicalAccount, mustBeAccount } from "./store.ts";

type KeyMethods = Pick<
  Methods<typeof IAM>,
  | "listServiceAccountKeys"
  | "getServiceAccountKey"
  | "createServiceAccountKey"
  | "uploadServiceAccountKey"
  | "deleteServiceAccountKey"
  | "disableServiceAccountKey"
  | "enableServiceAccountKey"
>;

const mostKeys = 10;
const forever = new Date("9999-12-31T23:59:59Z");

/** User-managed keys of service accounts: made here, their private half told once. */
export function keyMethods(host: Host): KeyMethods {
  const { keys } = localIam(host.iam);
  const accountName = (name: string): string => name.split("/").slice(0, 4).join("/");
  const resource = ({ name }: { readonly name: string }): string => {
    const [, id] = /\/keys\/([^/]+)$/.exec(name) ?? [];
    return `${canonicalAccount(host, accountName(name))}${id === undefined ? "" : `/keys/${id}`}`;
  };
  const mustBe = (name: string): { readonly account: Account; readonly key: AccountKey } => {
    const account = mustBeAccount(host, accountName(name));
    const id = name.split("/").at(-1) ?? "";
    const key = keys.get(account.uniqueId, id);
    if (key === undefined) throw new RpcError("NOT_FOUND", `Service account key ${id} does not exist.`);
    return { account, key };
  };
  const change =
    (disabled: boolean) =>
    ({ name }: { readonly name: string }) => {
      keys.setDisabled(mustBe(name).key.id, disabled);
      return {};
    };

  return {
    createServiceAccountKey: {
      permission: "iam.serviceAccountKeys.create",
      resource,
      audit: "ADMIN_WRITE",
      handle: async ({ name, privateKeyType, keyAlgorithm }) => {
        const account = mustBeAccount(host, name);
        if (hasPreset(host, "org")) throw noKeys(canonicalAccount(host, name));
        if (privateKeyType === PrivateKeyType.TYPE_PKCS12_FILE || keyAlgorithm === Algorithm.KEY_ALG_RSA_1024) {
          throw new RpcError("UNIMPLEMENTED", "The local cloud makes RSA 2048 keys as credentials files alone.");
        }
        if (keys.list(account.uniqueId).length >= mostKeys) {
          throw new RpcError("FAILED_PRECONDITION", "Precondition check failed.");
        }
        const { key, privateKey } = await keys.create(account.uniqueId, account.email);
        return {
          ...show(account, key),
          privateKeyType: PrivateKeyType.TYPE_GOOGLE_CREDENTIALS_FILE,
          privateKeyData: Buffer.from(credentialsFile(account, key, privateKey)),
        };
      },
    },
    uploadServiceAccountKey: {
      permission: "iam.serviceAccountKeys.create",
      resource,
      audit: "ADMIN_WRITE",
      handle: ({ name, publicKeyData }) => {
        const account = mustBeAccount(host, name);
        if (hasPreset(host, "org")) throw noKeys(canonicalAccount(host, name));
        if (keys.list(account.uniqueId).length >= mostKeys) {
          throw new RpcError("FAILED_PRECONDITION", "Precondition check failed.");
        }
        const key = keys.upload(account.uniqueId, certificateOf(publicKeyData, host.clock.now()));
        if (key === undefined) throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
        return show(account, key);
      },
    },
    getServiceAccountKey: {
      permission: "iam.serviceAccountKeys.get",
      resource,
      audit: "ADMIN_READ",
      handle: ({ name, publicKeyType }) => {
        const { account, key } = mustBe(name);
        const data =
          publicKeyType === PublicKeyType.TYPE_X509_PEM_FILE
            ? keys.certificate(key.id)
            : publicKeyType === PublicKeyType.TYPE_RAW_PUBLIC_KEY
              ? key.publicKey
              : undefined;
        return { ...show(account, key), ...(data === undefined ? {} : { publicKeyData: Buffer.from(data) }) };
      },
    },
    listServiceAccountKeys: {
      permission: "iam.serviceAccountKeys.list",
      resource,
      audit: "ADMIN_READ",
      handle: ({ name, keyTypes }) => {
        const account = mustBeAccount(host, name);
        const wanted = keyTypes.length === 0 || keyTypes.includes(KeyType.USER_MANAGED);
        return { keys: wanted ? keys.list(account.uniqueId).map((key) => show(account, key)) : [] };
      },
    },
    deleteServiceAccountKey: {
      permission: "iam.serviceAccountKeys.delete",
      resource,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        keys.delete(mustBe(name).key.id);
        return {};
      },
    },
    disableServiceAccountKey: {
      permission: "iam.serviceAccountKeys.disable",
      resource,
      audit: "ADMIN_WRITE",
      handle: change(true),
    },
    enableServiceAccountKey: {
      permission: "iam.serviceAccountKeys.enable",
      resource,
      audit: "ADMIN_WRITE",
      handle: change(false),
    },
  };
}

/** The certificate of an RSA key that was made elsewhere. Throws INVALID_ARGUMENT for what Google does not take. */
function certificateOf(data: Uint8Array, nowMs: number): X509Certificate {
  const refuse = (why: string): never => {
    throw new RpcError("INVALID_ARGUMENT", `The public key data is not valid: ${why}.`);
  };
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(data);
  } catch {
    return refuse("it must be an X.509 certificate in PEM form");
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== "rsa" || ![1024, 2048].includes(asymmetricKeyDetails?.modulusLength ?? 0)) {
    return refuse("its key must be RSA, of 1024 or 2048 bits");
  }
  return Date.parse(certificate.validTo) < nowMs ? refuse("the certificate has expired") : certificate;
}

function show(account: Account, key: AccountKey): MessageInitShape<typeof ServiceAccountKeySchema> {
  return {
    name: `projects/${account.projectId}/serviceAccounts/${account.email}/keys/${key.id}`,
    keyAlgorithm: Algorithm.KEY_ALG_RSA_2048,
    keyOrigin: key.uploaded === undefined ? Origin.GOOGLE_PROVIDED : Origin.USER_PROVIDED,
    keyType: KeyType.USER_MANAGED,
    validAfterTime: timestampFromMs(key.uploaded?.fromMs ?? Math.floor(key.createdMs / 1000) * 1000),
    validBeforeTime: key.uploaded === undefined ? timestampFromDate(forever) : timestampFromMs(key.uploaded.toMs),
    disabled: key.disabled,
  };
}

/** The file that client libraries read as `GOOGLE_APPLICATION_CREDENTIALS`. */
function credentialsFile(account: Account, key: AccountKey, privateKey: string): string {
  const certificates = "https://www.googleapis.com";
  return JSON.stringify(
    {
      type: "service_account",
      project_id: account.projectId,
      private_key_id: key.id,
      private_key: privateKey,
      client_email: account.email,
      client_id: account.uniqueId,
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      token_uri: "https://oauth2.googleapis.com/token",
      auth_provider_x509_cert_url: `${certificates}/oauth2/v1/certs`,
      client_x509_cert_url: `${certificates}/robot/v1/metadata/x509/${encodeURIComponent(account.email)}`,
      universe_domain: "googleapis.com",
    },
    null,
    2,
  );
}
