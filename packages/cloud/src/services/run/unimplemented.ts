import { IngressTraffic } from "../../../gen/run-v2.enums.ts";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import { RpcError } from "../../wire/rpc-error.ts";
import { unbuiltVolumes } from "./volumes.ts";

/** What a service asks for that is not built here, by field name. */
export function unimplementedFields(service: Service): string[] {
  const template = service.template;
  const found: (string | false | undefined)[] = [
    service.ingress === IngressTraffic.NONE && "ingress: INGRESS_TRAFFIC_NONE",
    service.iapEnabled && "iap_enabled",
    service.multiRegionSettings !== undefined && "multi_region_settings",
    service.buildConfig !== undefined && "build_config",
    service.binaryAuthorization?.binauthzMethod.case === "policy" && "binary_authorization.policy",
  ];
  if (template !== undefined) {
    found.push(
      template.encryptionKey !== "" && "template.encryption_key",
      template.serviceMesh !== undefined && "template.service_mesh",
      template.nodeSelector !== undefined && "template.node_selector",
      template.healthCheckDisabled && "template.health_check_disabled",
    );
    found.push(...unbuiltVolumes(template.volumes, "template.volumes"));
    for (const [i, container] of template.containers.entries()) {
      const at = `template.containers[${i}]`;
      found.push(
        container.sourceCode !== undefined && `${at}.source_code`,
        container.baseImageUri !== "" && `${at}.base_image_uri`,
        container.readinessProbe !== undefined && `${at}.readiness_probe`,
        container.resources?.limits["nvidia.com/gpu"] !== undefined && `${at}.resources.limits.nvidia.com/gpu`,
      );
    }
  }
  return found.filter((field) => typeof field === "string");
}

/** Throws UNIMPLEMENTED that names every such field. */
export function refuseUnimplemented(service: Service): void {
  const fields = unimplementedFields(service);
  if (fields.length === 0) return;
  throw new RpcError("UNIMPLEMENTED", `Not implemented by the local Cloud Run: ${fields.join(", ")}.`);
}

/** What a service asks for that is kept in the resource and has no effect here, a sentence each. */
export function ignoredFields(service: Service): string[] {
  const containers = service.template?.containers ?? [];
  const found: string[] = [];
  if (containers.some((container) => container.resources?.startupCpuBoost)) {
    found.push("startupCpuBoost is kept and has no effect: instances start with the CPU of their limit.");
  }
  if (service.binaryAuthorization !== undefined) {
    found.push("binaryAuthorization is kept and not enforced: every image may run.");
  }
  if (service.template?.executionEnvironment) {
    found.push("executionEnvironment is kept and has no effect: there is one kind of sandbox.");
  }
  if (service.template?.vpcAccess?.networkInterfaces.some((nic) => nic.tags.length > 0)) {
    found.push("vpcAccess.networkInterfaces.tags are kept; no firewall looks at them.");
  }
  return found;
}
