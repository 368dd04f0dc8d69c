/**
 * Node's HTTP/1. Imported by its name, all that it exports is read at once, and some of that loads a whole HTTP client: 40 ms
 * of a start that needs none of it.
 */
export const http: typeof import("node:http") = process.getBuiltinModule("node:http");
