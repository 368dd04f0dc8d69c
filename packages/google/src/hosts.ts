/** Where Google's hosts are: themselves, or path prefixes of one local origin. */
export interface Hosts {
  /** `https://run.googleapis.com`, or `http://127.0.0.1:4510/run.googleapis.com`. */
  base(host: string): string;
  /** The same address by way of `base`. */
  route(url: string): string;
}

/** `origin`: `http://127.0.0.1:4510`, without a path. Absent: Google itself. */
export function hostsOf(origin?: string): Hosts {
  if (origin === undefined) return { base: (host) => `https://${host}`, route: (url) => url };
  const root = origin.replace(/\/+$/, "");
  const base = (host: string): string => `${root}/${host}`;
  return {
    base,
    route: (url) => {
      if (url.startsWith(`${root}/`)) return url;
      const { host, pathname, search } = new URL(url);
      return `${base(host)}${pathname}${search}`;
    },
  };
}
