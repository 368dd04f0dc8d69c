/** JSON as an answer holds it, looked into without ceremony. */
// biome-ignore lint/suspicious/noExplicitAny: the tests read what Google's JSON holds
export type Answer = any;

export interface RunClient {
  call(verb: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Answer }>;
  /** Calls, expects 200, waits for the operation, and answers it. */
  settle(verb: string, path: string, body?: object): Promise<Answer>;
}

/** Calls Cloud Run v2 of a cloud over REST; paths are below `/v2/`. */
export function runClient(url: string, token: string): RunClient {
  const call: RunClient["call"] = async (verb, path, body) => {
    const answer = await fetch(`${url}/run.googleapis.com/v2/${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return {
    call,
    settle: async (verb, path, body) => {
      const started = await call(verb, path, body);
      if (started.status !== 200) throw new Error(`${verb} ${path}: ${started.status} ${JSON.stringify(started.body)}`);
      if (started.body.done) return started.body;
      return (await call("POST", `${started.body.name}:wait`, { timeout: "20s" })).body;
    },
  };
}
