import { ExecutionEnvironment } from "../../../gen/run-v2.enums.ts";
import type { Container } from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { RevisionTemplate } from "../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { Violation } from "./violations.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** vCPU of `1`, `0.5`, `500m`; undefined when it is none. */
export function parseCpu(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  return found === null ? undefined : Number(found[1]) / (found[2] === "m" ? 1000 : 1);
}

/** MiB of `512Mi`, `2G`, `1073741824`; undefined when it is no quantity. */
export function parseMemoryMiB(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(k|K|M|G|Ki|Mi|Gi)?$/.exec(text);
  const unit = found === null ? undefined : units[found[2] ?? ""];
  return unit === undefined ? undefined : (Number(found?.[1]) * unit) / 2 ** 20;
}

export function cpuOf(container: Container): number | undefined {
  return parseCpu(container.resources?.limits.cpu ?? "1000m");
}

export function memoryMiBOf(container: Container): number | undefined {
  return parseMemoryMiB(container.resources?.limits.memory ?? "512Mi");
}

/** Largest memory for so much CPU, in MiB. https://cloud.google.com/run/docs/configuring/services/memory-limits */
function mostMemory(cpu: number): number {
  if (cpu < 0.5) return 512;
  if (cpu < 1) return 1024;
  return cpu <= 1 ? 4096 : cpu * 4096;
}

function leastMemory(cpu: number, floor: number): number {
  if (cpu >= 6) return 4096;
  return cpu >= 4 ? 2048 : floor;
}

const quantity = (mib: number): string => (mib % 1024 === 0 ? `${mib / 1024}Gi` : `${mib}Mi`);
const wholeCpus: readonly number[] = [1, 2, 4, 6, 8];

/** What Cloud Run says of the CPU and memory of all containers together. The template has its defaults. */
export function checkResources(template: RevisionTemplate): Violation[] {
  const found: Violation[] = [];
  let cpu = 0;
  let memory = 0;
  for (const [i, container] of template.containers.entries()) {
    const at = `template.containers[${i}].resources.limits`;
    for (const key of Object.keys(container.resources?.limits ?? {})) {
      if (key === "cpu" || key === "memory") continue;
      found.push({ field: `${at}.${key}`, description: `Unsupported resource limit '${key}'.` });
    }
    const ownCpu = cpuOf(container);
    const ownMemory = memoryMiBOf(container);
    if (ownCpu === undefined) found.push({ field: `${at}.cpu`, description: "Invalid value specified for cpu." });
    if (ownMemory === undefined) {
      found.push({ field: `${at}.memory`, description: "Invalid value specified for memory." });
    }
    cpu += ownCpu ?? 0;
    memory += ownMemory ?? 0;
  }
  if (found.length > 0 || template.containers.length === 0) return found;

  const cpuField = "template.containers.resources.limits.cpu";
  const memoryField = "template.containers.resources.limits.memory";
  const refuseCpu = (why: string): void => {
    found.push({ field: cpuField, description: `Invalid value specified for cpu. ${why}` });
  };
  const single = template.containers.length === 1;
  if (cpu < 0.08 || cpu > 8 || (single && cpu > 1 && !wholeCpus.includes(cpu))) {
    refuseCpu("Must be equal to one of [.08-1], 2.0, 4.0, 6.0, 8.0.");
    return found;
  }
  const gen2 = template.executionEnvironment === ExecutionEnvironment.GEN2;
  const always = template.containers.some((container) => container.resources?.cpuIdle === false);
  if (cpu < 1) {
    if (template.maxInstanceRequestConcurrency > 1) refuseCpu("Total cpu < 1 is not supported with concurrency > 1.");
    if (always) refuseCpu("Total cpu < 1 is not supported with cpu always allocated.");
    if (gen2) refuseCpu("Total cpu < 1 is not supported with gen2 execution environment.");
  }
  const least = leastMemory(cpu, gen2 || always ? 512 : 128);
  const most = mostMemory(cpu);
  if (memory < least || memory > most) {
    const how = gen2 ? " with gen2 execution environment" : always ? " with cpu always allocated" : "";
    const shown = Number.isInteger(cpu) ? cpu.toFixed(1) : String(cpu);
    found.push({
      field: memoryField,
      description:
        `Invalid value specified for memory${how}. ` +
        `For ${shown} CPU, memory must be between ${quantity(least)} and ${quantity(most)} inclusive.`,
    });
  }
  return found;
}
