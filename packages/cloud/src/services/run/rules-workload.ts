import type { Container } from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { VpcAccess } from "../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import { checkContainer } from "./rules-container.ts";
import type { Violation } from "./violations.ts";

/** What is wrong with the way to a VPC of a template. */
export function checkVpc(found: Violation[], vpc: VpcAccess | undefined, root: string): void {
  if (vpc === undefined) return;
  const field = `${root}.vpc_access`;
  if (vpc.connector !== "" && vpc.networkInterfaces.length > 0) {
    found.push({ field, description: "VPC connector and network interfaces cannot both be set." });
  }
  if (vpc.networkInterfaces.length > 1) {
    found.push({ field: `${field}.network_interfaces`, description: "only a single network interface is supported." });
  }
  for (const [i, nic] of vpc.networkInterfaces.entries()) {
    if (nic.network !== "" || nic.subnetwork !== "") continue;
    found.push({
      field: `${field}.network_interfaces[${i}]`,
      description: "at least one of network or subnetwork must be specified.",
    });
  }
}

/** What is wrong with the containers of a template, each and together. `reserved` are names of variables. */
export function checkContainers(
  found: Violation[],
  containers: readonly Container[],
  root: string,
  reserved?: readonly string[],
): void {
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const field = `${root}.containers[${i}]`;
    if (container.name !== "") {
      if (names.has(container.name)) {
        found.push({ field: `${field}.name`, description: `container name '${container.name}' is not unique.` });
      }
      names.add(container.name);
    } else if (containers.length > 1) {
      found.push({ field: `${field}.name`, description: "should be set when there are multiple containers." });
    }
    found.push(...checkContainer(container, field, `template.containers[${i}]`, reserved));
  }
  for (const [i, container] of containers.entries()) {
    for (const needed of container.dependsOn) {
      if (names.has(needed) && needed !== container.name) continue;
      found.push({
        field: `${root}.containers[${i}].depends_on`,
        description: `container '${needed}' does not exist.`,
      });
    }
  }
}
