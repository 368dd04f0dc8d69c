import type { RoleRow } from "./basic-roles.ts";

const place = ["cloudkms.locations.get|list", "resourcemanager.projects.get"];
const expert = [...place, "resourcemanager.projects.list"];
const hsm = "cloudkms.singleTenantHsmInstances.get|list";
const proposals = ["cloudkms.operations.get", "cloudkms.singleTenantHsmInstanceProposals.get|list", hsm];

/** What roles of other services hold of Cloud KMS: keys that are made by themselves (Autokey). */
export const autokeyUse = [
  "cloudkms.keyHandles.create|get|list",
  "cloudkms.operations.get",
  "cloudkms.projects.showEffectiveAutokeyConfig",
];

/** The predefined roles of Cloud KMS. */
export const kmsRoles: Readonly<Record<string, RoleRow>> = {
  "cloudkms.admin": {
    title: "Cloud KMS Admin",
    holds: [
      "resourcemanager.projects.get",
      "cloudkms.*",
      "-cloudkms.cryptoKeyVersions.managePqcSign|manageRawAesCbcKeys|manageRawAesCtrKeys|manageRawPKCS1Keys",
      "-cloudkms.cryptoKeyVersions.useToDecapsulate|useToDecrypt|useToEncrypt|useToSign|useToVerify|viewPublicKey",
      "-cloudkms.locations.generateRandomBytes",
      "-cloudkms.protectableResources.list",
      "-cloudkms.protectedResources.search",
      "-cloudkms.singleTenantHsmInstanceProposals.approve|create|execute",
    ],
  },
  "cloudkms.autokeyAdmin": {
    title: "Cloud KMS Autokey Admin",
    holds: ["cloudkms.autokeyConfigs.get|update", "cloudkms.folders|projects.showEffectiveAutokeyConfig"],
  },
  "cloudkms.autokeyUser": { title: "Cloud KMS Autokey User", holds: autokeyUse },
  "cloudkms.cryptoKeyDecrypter": {
    title: "Cloud KMS CryptoKey Decrypter",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToDecrypt"],
  },
  "cloudkms.cryptoKeyDecrypterViaDelegation": {
    title: "Cloud KMS CryptoKey Decrypter Via Delegation",
    holds: [...expert, "cloudkms.cryptoKeyVersions.useToDecryptViaDelegation"],
  },
  "cloudkms.cryptoKeyEncrypter": {
    title: "Cloud KMS CryptoKey Encrypter",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToEncrypt"],
  },
  "cloudkms.cryptoKeyEncrypterDecrypter": {
    title: "Cloud KMS CryptoKey Encrypter/Decrypter",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToDecrypt|useToEncrypt"],
  },
  "cloudkms.cryptoKeyEncrypterDecrypterViaDelegation": {
    title: "Cloud KMS CryptoKey Encrypter/Decrypter Via Delegation",
    holds: [...expert, "cloudkms.cryptoKeyVersions.useToDecryptViaDelegation|useToEncryptViaDelegation"],
  },
  "cloudkms.cryptoKeyEncrypterViaDelegation": {
    title: "Cloud KMS CryptoKey Encrypter Via Delegation",
    holds: [...expert, "cloudkms.cryptoKeyVersions.useToEncryptViaDelegation"],
  },
  "cloudkms.cryptoOperator": {
    title: "Cloud KMS Crypto Operator",
    holds: [
      ...place,
      "cloudkms.cryptoKeyVersions.useToDecapsulate|useToDecrypt|useToEncrypt|useToSign|useToVerify|viewPublicKey",
      "cloudkms.locations.generateRandomBytes",
    ],
  },
  "cloudkms.decapsulator": {
    title: "Cloud KMS CryptoKey Decapsulator",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToDecapsulate|viewPublicKey"],
  },
  "cloudkms.ekmConnectionsAdmin": {
    title: "Cloud KMS EkmConnections Admin",
    holds: [
      "resourcemanager.projects.get|list",
      "cloudkms.ekmConfigs.get|update",
      "cloudkms.ekmConnections.create|get|list|update|verifyConnectivity",
    ],
  },
  "cloudkms.encryptionDashboardViewer": {
    title: "Cloud KMS Encryption Dashboard Viewer",
    holds: ["cloudkms.cryptoKeys|protectableResources.list"],
  },
  "cloudkms.expertPqcSigner": {
    title: "Cloud KMS Expert PQ Asymmetric Signing Key Manager",
    holds: [...expert, "cloudkms.cryptoKeyVersions.managePqcSign"],
  },
  "cloudkms.expertRawAesCbc": {
    title: "Cloud KMS Expert Raw AES-CBC Key Manager",
    holds: [...expert, "cloudkms.cryptoKeyVersions.manageRawAesCbcKeys"],
  },
  "cloudkms.expertRawAesCtr": {
    title: "Cloud KMS Expert Raw AES-CTR Key Manager",
    holds: [...expert, "cloudkms.cryptoKeyVersions.manageRawAesCtrKeys"],
  },
  "cloudkms.expertRawPKCS1": {
    title: "Cloud KMS Expert Raw PKCS#1 Key Manager",
    holds: [...expert, "cloudkms.cryptoKeyVersions.manageRawPKCS1Keys"],
  },
  "cloudkms.hsmSingleTenantExecutor": {
    title: "Cloud KMS single-tenant HSM Executor",
    holds: [...proposals, "cloudkms.singleTenantHsmInstanceProposals.execute"],
  },
  "cloudkms.hsmSingleTenantKeyCreator": {
    title: "Cloud KMS single-tenant HSM Key Creator",
    holds: [hsm, "cloudkms.singleTenantHsmInstances.use"],
  },
  "cloudkms.hsmSingleTenantProposer": {
    title: "Cloud KMS single-tenant HSM Proposer",
    holds: [
      ...proposals,
      "cloudkms.singleTenantHsmInstanceProposals.create|delete",
      "cloudkms.singleTenantHsmInstances.create",
    ],
  },
  "cloudkms.hsmSingleTenantQuorumMember": {
    title: "Cloud KMS single-tenant HSM Quorum Member",
    holds: [...proposals, "cloudkms.singleTenantHsmInstanceProposals.approve"],
  },
  "cloudkms.importer": {
    title: "Cloud KMS Importer",
    holds: [
      ...place,
      "cloudkms.cryptoKeyVersions.trustedImportExport",
      "cloudkms.importJobs.create|get|list|useToImport",
    ],
  },
  "cloudkms.keyAccessJustificationsEnrollmentConfigViewer": {
    title: "Key Access Justifications Enrollment Viewer",
    holds: ["cloudkms.projects.showEffectiveKajEnrollmentConfig"],
  },
  "cloudkms.keyAccessJustificationsPolicyConfigAdmin": {
    title: "Key Access Justifications Policy Config Admin",
    holds: ["cloudkms.kajPolicyConfigs.get|update", "cloudkms.projects.showEffectiveKajPolicyConfig"],
  },
  "cloudkms.orgServiceAgent": { title: "Cloud KMS Organization Service Agent", holds: [] },
  "cloudkms.protectedResourcesViewer": {
    title: "Cloud KMS Protected Resources Viewer",
    holds: ["cloudkms.protectedResources.search"],
  },
  "cloudkms.publicKeyViewer": {
    title: "Cloud KMS CryptoKey Public Key Viewer",
    holds: [...place, "cloudkms.cryptoKeyVersions.viewPublicKey"],
  },
  "cloudkms.serviceAgent": {
    title: "Cloud KMS Service Agent",
    holds: ["cloudkms.cryptoKeys.create|getIamPolicy|setIamPolicy", "cloudkms.keyRings.create|get"],
  },
  "cloudkms.signer": {
    title: "Cloud KMS CryptoKey Signer",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToSign"],
  },
  "cloudkms.signerVerifier": {
    title: "Cloud KMS CryptoKey Signer/Verifier",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToSign|useToVerify|viewPublicKey"],
  },
  "cloudkms.verifier": {
    title: "Cloud KMS CryptoKey Verifier",
    holds: [...place, "cloudkms.cryptoKeyVersions.useToVerify|viewPublicKey"],
  },
  "cloudkms.viewer": {
    title: "Cloud KMS Viewer",
    holds: [
      "resourcemanager.projects.get",
      "cloudkms.*.get|list",
      "cloudkms.folders|projects.showEffectiveAutokeyConfig",
    ],
  },
};
