import type { Json, JsonObject } from "../../service.ts";

/**
 * Memorystore says of an operation on an instance that it is not done, where proto3 JSON leaves that out (recorded answers). Its
 * v1beta1, which is v1 otherwise, has names of its own for the types in an operation.
 */
export function redisAnswer(answer: Json, typeName: string, path: string): Json {
  const beta = path.startsWith("/v1beta1/");
  if (typeName === "google.longrunning.Operation") return operation(answer as JsonObject, beta);
  const { operations } = answer as JsonObject;
  if (typeName !== "google.longrunning.ListOperationsResponse" || !Array.isArray(operations)) return answer;
  return { ...(answer as JsonObject), operations: operations.map((each) => operation(each as JsonObject, beta)) };
}

function operation(given: JsonObject, beta: boolean): JsonObject {
  const { name, metadata, done, response, ...rest } = given;
  if ((metadata as JsonObject | undefined)?.["@type"] !== instanceMetadata) return given;
  return {
    name,
    ...(metadata === undefined ? {} : { metadata: beta ? betaMetadata(metadata as JsonObject) : metadata }),
    done: done ?? false,
    ...rest,
    ...(response === undefined ? {} : { response: beta ? betaType(response as JsonObject) : response }),
  };
}

const instanceMetadata = "type.googleapis.com/google.cloud.redis.v1.OperationMetadata";

const betaMetadata = (metadata: JsonObject): JsonObject => ({
  ...metadata,
  "@type": "type.googleapis.com/google.cloud.common.OperationMetadata",
  cancelRequested: metadata.cancelRequested ?? false,
  apiVersion: "v1beta1",
});

const betaType = (response: JsonObject): JsonObject => ({
  ...response,
  "@type": String(response["@type"]).replace("google.cloud.redis.v1.", "google.cloud.redis.v1beta1."),
});
