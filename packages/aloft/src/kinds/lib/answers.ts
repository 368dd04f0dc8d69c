import { GoogleError } from "@aloft/google";

/** What is not there: no such resource, or an API that the project has not switched on. */
export function isAbsent(thrown: unknown): boolean {
  return thrown instanceof GoogleError && (thrown.code === "NOT_FOUND" || thrown.reason === "SERVICE_DISABLED");
}

/** The answer, or undefined when what was asked for is not there. */
export async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

/** For deletions: gone already is done. */
export async function gone(answer: Promise<unknown>): Promise<void> {
  await orAbsent(answer);
}

export const alreadyThere = (thrown: unknown): boolean =>
  thrown instanceof GoogleError && thrown.code === "ALREADY_EXISTS";

/** For creations by id: an earlier try whose answer was lost has made it. */
export async function thereAlready(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (thrown) {
    if (!alreadyThere(thrown)) throw thrown;
  }
}

/** The last part of a relative name. */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
