import type { Cloud } from "../../cloud.ts";

interface Items extends Iterable<Answered> {
  readonly [index: number]: Answered;
  map<T>(each: (item: Answered) => T): T[];
}

/** JSON as it came, to be looked into: an object, a list or a text, whatever the test takes it for. */
export type Answered = { readonly [key: string]: Answered | undefined } & Items & string;

export interface RestAnswer {
  readonly status: number;
  readonly body: Answered;
}

/** Calls an API of a cloud by REST, as its owner or as another (`""`: nobody). */
export function restOf(cloud: () => Cloud) {
  return async (
    verb: string,
    path: string,
    options: { readonly body?: unknown; readonly as?: string; readonly bearer?: string; readonly payer?: string } = {},
  ): Promise<RestAnswer> => {
    const token = options.bearer ?? (options.as === "" ? undefined : cloud().token(options.as));
    const answer = await fetch(`${cloud().url}/${path}`, {
      method: verb,
      headers: {
        "content-type": "application/json",
        ...(options.payer === undefined ? {} : { "x-goog-user-project": options.payer }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answered };
  };
}
