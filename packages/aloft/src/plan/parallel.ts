/** Runs at most `atOnce` of the works handed to it at the same time; the others wait in line. */
export function limited(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    running--;
    waiting.shift()?.();
  };
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

/** One after another for each key; different keys at the same time. */
export function serialised(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const run = before.then(work, work);
    last.set(
      key,
      run.catch(() => undefined),
    );
    return run;
  };
}

/** One value a key, however many ask; a failure is not kept. */
export function memoised(): <T>(key: string, make: () => Promise<T>) => Promise<T> {
  const made = new Map<string, Promise<unknown>>();
  return <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const known = made.get(key);
    if (known !== undefined) return known as Promise<T>;
    const work = make();
    made.set(key, work);
    work.catch(() => made.delete(key));
    return work;
  };
}
