/** A registry's refusal, with its own words. Never holds a header or a body that we sent. */
export class RegistryError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.name = "RegistryError";
    this.status = status;
  }
}

/** Reads `{"errors":[{"code","message"}]}` (distribution-spec, "Error Codes") or what else the body says. */
export async function registryError(answer: Response, call: string): Promise<RegistryError> {
  const body = await answer.text().catch(() => "");
  return new RegistryError(`${call} answered ${answer.status}: ${saying(body) || answer.statusText}`, answer.status);
}

function saying(body: string): string {
  try {
    const parsed = JSON.parse(body) as {
      readonly errors?: readonly { readonly code?: string; readonly message?: string }[];
      readonly error?: { readonly message?: string };
    };
    const errors = parsed.errors?.map(({ code, message }) => [code, message].filter(Boolean).join(": "));
    return errors?.join("; ") ?? parsed.error?.message ?? "";
  } catch {
    return body.replace(/\s+/g, " ").trim().slice(0, 200);
  }
}

/** Whether another try can help: the network, too many calls, or a fault of the registry's own. */
export function worthAnotherTry(thrown: unknown): boolean {
  if (thrown instanceof RegistryError) return thrown.status === 429 || thrown.status >= 500;
  return thrown instanceof TypeError;
}
