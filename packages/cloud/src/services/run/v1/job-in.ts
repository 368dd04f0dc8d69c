import type { Job, RunJobRequest } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { JsonObject } from "../../../service.ts";
import type { Messages } from "../messages.ts";
import { annotation, readAnnotations, readLabels } from "./annotations.ts";
import { containerIn } from "./containers.ts";
import { flagAt, listAt, messageOf, objectAt, objectsAt, refuseFields, textAt, wholeAt } from "./json.ts";
import { secretNames } from "./secrets.ts";
import { binaryAuthorizationIn, launchStageIn } from "./service-in.ts";
import { workloadIn } from "./workload.ts";

/**
 * A job of v1 as one of v2, as far as a caller says what it is: no defaults, nothing of the server's. Throws
 * INVALID_ARGUMENT for what does not fit, UNIMPLEMENTED for annotations and fields that v2 has no place for.
 */
export function jobIn(m: Messages, body: JsonObject, name: string, jobId: string): Job {
  const metadata = objectAt(body.metadata, "metadata");
  const spec = objectAt(body.spec, "spec");
  const at = "spec.template";
  const execution = objectAt(spec.template, at);
  const executionMetadata = objectAt(execution.metadata, `${at}.metadata`);
  const executionSpec = objectAt(execution.spec, `${at}.spec`);
  refuseFields(executionSpec, `${at}.spec`, ["delayExecution"]);
  const taskSpec = objectAt(objectAt(executionSpec.template, `${at}.spec.template`).spec, `${at}.spec.template.spec`);
  const annotations = readAnnotations(metadata.annotations, "metadata.annotations");
  const clients = [annotation.clientName, annotation.clientVersion];
  const inner = readAnnotations(executionMetadata.annotations, `${at}.metadata.annotations`, clients);
  const timeout = wholeAt(taskSpec.timeoutSeconds, `${at}.spec.template.spec.timeoutSeconds`);
  const task = {
    ...workloadIn(inner, taskSpec, `${at}.spec.template.spec`, { id: jobId }, "job"),
    maxRetries: wholeAt(taskSpec.maxRetries, `${at}.spec.template.spec.maxRetries`),
    ...(timeout === undefined ? {} : { timeout: `${timeout}s` }),
  };
  return messageOf(m.job, {
    name,
    labels: readLabels(metadata.labels, "metadata.labels"),
    client: annotations.text(annotation.clientName),
    clientVersion: annotations.text(annotation.clientVersion),
    launchStage: launchStageIn(annotations.text(annotation.launchStage)),
    binaryAuthorization: binaryAuthorizationIn(
      annotations.text(annotation.binaryAuthorization),
      annotations.text(annotation.breakglass),
    ),
    template: {
      labels: readLabels(executionMetadata.labels, `${at}.metadata.labels`),
      parallelism: wholeAt(executionSpec.parallelism, `${at}.spec.parallelism`),
      taskCount: wholeAt(executionSpec.taskCount, `${at}.spec.taskCount`),
      template: task,
      // Last: what is left is the user's own, or refused by name.
      annotations: inner.rest(),
    },
    startExecutionToken: textAt(spec.startExecutionToken, "spec.startExecutionToken") || undefined,
    runExecutionToken: textAt(spec.runExecutionToken, "spec.runExecutionToken") || undefined,
    annotations: annotations.rest(),
  });
}

/** `overrides` of v1's `:run`; undefined where there are none. */
export function overridesIn(
  control: { readonly m: Messages },
  body: JsonObject,
  jobId: string,
): RunJobRequest["overrides"] {
  const given = objectAt(body.overrides, "overrides");
  if (Object.keys(given).length === 0) return undefined;
  refuseFields(given, "overrides", ["delayExecution"]);
  const secrets = secretNames(undefined, []);
  const timeout = wholeAt(given.timeoutSeconds, "overrides.timeoutSeconds");
  const containers = objectsAt(given.containerOverrides, "overrides.containerOverrides");
  const message = messageOf(control.m.runRequest, {
    overrides: {
      taskCount: wholeAt(given.taskCount, "overrides.taskCount"),
      ...(timeout === undefined ? {} : { timeout: `${timeout}s` }),
      containerOverrides: containers.map((each, i) => {
        const at = `overrides.containerOverrides[${i}]`;
        const extras = { dependencies: {}, secrets, nameless: () => `${jobId}-1` };
        const { name, env } = containerIn({ name: each.name, env: each.env } as JsonObject, at, i, extras) as {
          readonly name?: string;
          readonly env: object;
        };
        return {
          name,
          env,
          args: listAt(each.args, `${at}.args`),
          clearArgs: flagAt(each.clearArgs, `${at}.clearArgs`),
        };
      }),
    },
  });
  return message.overrides;
}
