export { backoff, type RetryOptions, retry } from "@aloft/kit/retry";
