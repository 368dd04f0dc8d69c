import { Failure } from "@aloft/kit/failure";

/** An identity of the local cloud as `--as` names it. Throws `Failure` INPUT_INVALID for what is no e-mail. */
export function checkEmail(as: string | undefined, command: string): void {
  if (as === undefined || /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(as)) return;
  throw new Failure({
    code: "INPUT_INVALID",
    what: `--as ${as} is no e-mail`,
    next: command.replace("EMAIL", "NAME@PROJECT.iam.gserviceaccount.com"),
  });
}
