import type { Access, Call, CloudService, Principal } from "../service.ts";

/**
 * What each call goes through, once for all services and doors: identity, API enabled, permission, (faults,) handler,
 * audit. The doors call these in this order; `Host.call` does the same from inside.
 */
export interface Chain {
  /** Who is calling, by `authorization`. Throws UNAUTHENTICATED as Google does for none or a bad one. */
  identify(headers: Readonly<Record<string, string | undefined>>, api: string): Principal;
  /** Throws SERVICE_DISABLED, PERMISSION_DENIED, …; makes an unknown project when the owner names one. */
  admit<I>(call: Call, service: CloudService, access: Access<I>, request: I): void;
  /**
   * What an admitted call meets before its handler: a quota that is used up or an injected fault throws; a promise is a
   * wait. Undefined, as nearly always: it goes on at once.
   */
  meet<I>(call: Call, access: Access<I>, request: I): Promise<void> | undefined;
  /** The answer, or an older one where lists are to be stale now and then. */
  answered?<A>(call: Call, request: unknown, answer: A): A;
  /** Writes the audit entry that the call deserves, when it is done. */
  audit<I>(
    call: Call,
    access: Access<I>,
    request: I,
    outcome: { readonly answer?: unknown; readonly error?: unknown },
  ): void;
}
