import { Failure } from "@aloft/kit/failure";

const fastest = 10_000;

/** How many times as fast as the computer's time the local cloud's clock is to run. Throws `Failure` INPUT_INVALID. */
export function checkRate(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rate = Number(text);
  if (rate >= 1 && rate <= fastest) return rate;
  throw new Failure({
    code: "INPUT_INVALID",
    what: `${flag} ${text} is not a number from 1 to ${fastest}`,
    next: `aloft ${flag === "--rate" ? "cloud clock" : "cloud start"} ${flag} 60`,
  });
}
