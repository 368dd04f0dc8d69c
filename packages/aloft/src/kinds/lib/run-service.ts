/** The part of run v2's Service that matters here: what is sent, and what is read back. */
export interface RunService {
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly client?: string;
  readonly launchStage?: string;
  readonly ingress?: string;
  readonly invokerIamDisabled?: boolean;
  readonly template?: RunTemplate;
  readonly traffic?: readonly RunTraffic[];
  readonly etag?: string;
  readonly generation?: string;
  readonly observedGeneration?: string;
  readonly reconciling?: boolean;
  readonly terminalCondition?: RunCondition;
  readonly conditions?: readonly RunCondition[];
  readonly latestReadyRevision?: string;
  readonly latestCreatedRevision?: string;
  readonly trafficStatuses?: readonly RunTraffic[];
  readonly uri?: string;
  readonly urls?: readonly string[];
}

export interface RunTemplate {
  readonly revision?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly scaling?: { readonly minInstanceCount?: number; readonly maxInstanceCount?: number };
  readonly timeout?: string;
  readonly serviceAccount?: string;
  readonly executionEnvironment?: string;
  readonly maxInstanceRequestConcurrency?: number;
  readonly sessionAffinity?: boolean;
  readonly vpcAccess?: RunVpc;
  readonly containers?: readonly RunContainer[];
}

export interface RunVpc {
  readonly connector?: string;
  readonly egress?: string;
  readonly networkInterfaces?: readonly {
    readonly network?: string;
    readonly subnetwork?: string;
    readonly tags?: readonly string[];
  }[];
}

export interface RunContainer {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly RunVariable[];
  readonly resources?: {
    readonly limits?: Readonly<Record<string, string>>;
    readonly cpuIdle?: boolean;
    readonly startupCpuBoost?: boolean;
  };
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  readonly startupProbe?: RunProbe;
  readonly livenessProbe?: RunProbe;
  readonly dependsOn?: readonly string[];
}

export interface RunVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueSource?: { readonly secretKeyRef?: { readonly secret?: string; readonly version?: string } };
}

export interface RunProbe {
  readonly initialDelaySeconds?: number;
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly httpGet?: { readonly path?: string; readonly port?: number };
  readonly tcpSocket?: { readonly port?: number };
  readonly grpc?: { readonly port?: number; readonly service?: string };
}

export interface RunTraffic {
  readonly type?: string;
  readonly revision?: string;
  readonly percent?: number;
  readonly tag?: string;
}

export interface RunCondition {
  readonly type?: string;
  readonly state?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly revisionReason?: string;
}

export const latestTraffic = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
