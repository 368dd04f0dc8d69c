export { type ConnectOptions, connect, type Credentials } from "./connect.ts";
export { type ApiCall, type Google, GoogleError, type LongRunning, type WaitOptions } from "./google.ts";
