export { type ConnectOptions, type Credentials, connect } from "./connect.ts";
export { type ApiCall, type Google, GoogleError, type LongRunning, type WaitOptions } from "./google.ts";
