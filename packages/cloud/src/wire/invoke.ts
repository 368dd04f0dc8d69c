import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { Chain } from "../chain/chain.ts";
import type { Host } from "../host.ts";
import type { Access, Call, CloudService, Exchange, Json, Principal, RawRequest, RestRequest } from "../service.ts";
import type { RawEndpoint, RestEndpoint, RpcEndpoint } from "./api.ts";
import { RpcError } from "./rpc-error.ts";

export interface CallInit {
  readonly caller: Principal;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly hostRegion?: string;
  readonly plainJson?: boolean;
}

/** A call under way. Its signal is made when somebody asks for it: most handlers never do. */
export class CallContext implements Call {
  readonly host: Host;
  readonly caller: Principal;
  readonly api: string;
  readonly method: string;
  readonly hostRegion?: string;
  readonly plainJson?: boolean;
  readonly headers: Readonly<Record<string, string | undefined>>;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(host: Host, service: CloudService, method: string, init: CallInit) {
    this.host = host;
    this.caller = init.caller;
    this.api = service.api;
    this.method = method;
    this.headers = init.headers;
    if (init.hostRegion !== undefined) this.hostRegion = init.hostRegion;
    if (init.plainJson) this.plainJson = true;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}

export function notImplemented(id: string): RpcError {
  return new RpcError("UNIMPLEMENTED", `The local cloud does not implement ${id}.`);
}

/** Takes calls through the chain to their handlers, for every door. Synchronous where the handler is. */
export class Invoker {
  readonly host: Host;
  readonly chain: Chain;
  readonly #onBug: (thrown: unknown) => void;

  constructor(host: Host, chain: Chain, onBug: (thrown: unknown) => void) {
    this.host = host;
    this.chain = chain;
    this.#onBug = onBug;
  }

  call(endpoint: RpcEndpoint | RestEndpoint | RawEndpoint, init: CallInit): CallContext {
    return new CallContext(this.host, endpoint.service, endpoint.id, init);
  }

  unary(endpoint: RpcEndpoint, request: Message, call: CallContext): Message | Promise<Message> {
    const { method, output } = endpoint;
    if (method?.handle === undefined) throw notImplemented(endpoint.id);
    const handle = method.handle;
    return this.#through(
      call,
      endpoint.service,
      method,
      request,
      () => handle(request, call),
      (answer) => create(output, answer as MessageInitShape<typeof output>),
    );
  }

  rest(endpoint: RestEndpoint, request: RestRequest, call: CallContext): Json | undefined | Promise<Json | undefined> {
    const { method } = endpoint;
    return this.#through(
      call,
      endpoint.service,
      method,
      request,
      () => method.handle(request, call),
      (answer) => answer as Json | undefined,
    );
  }

  async raw(endpoint: RawEndpoint, request: RawRequest, call: CallContext, exchange: Exchange): Promise<void> {
    const { method, service } = endpoint;
    const handle = async (): Promise<void> => {
      try {
        await method.stream(request, call, exchange);
      } catch (thrown) {
        if (thrown instanceof RpcError || !(exchange.req.destroyed || exchange.res.destroyed)) throw thrown;
        throw new RpcError("CANCELLED", "The client went away.");
      }
    };
    await this.#through(call, service, method, request, handle, () => undefined);
  }

  async *stream(
    endpoint: RpcEndpoint,
    request: Message,
    call: CallContext,
    requests: AsyncIterable<Message>,
  ): AsyncGenerator<Message> {
    const { method, output, service } = endpoint;
    if (method?.stream === undefined) throw notImplemented(endpoint.id);
    try {
      this.chain.admit(call, service, method, request);
      await this.chain.meet(call, method, request);
      for await (const answer of method.stream(request, call, requests)) {
        yield create(output, answer as MessageInitShape<typeof output>);
      }
      this.#audit(call, method, request, {});
    } catch (thrown) {
      this.#audit(call, method, request, { error: thrown });
      throw thrown;
    }
  }

  #through<I, O>(
    call: CallContext,
    service: CloudService,
    access: Access<I>,
    request: I,
    handle: () => unknown,
    finish: (answer: unknown) => O,
  ): O | Promise<O> {
    const done = (raw: unknown): O => {
      const fresh = finish(raw);
      const answer = this.chain.answered === undefined ? fresh : this.chain.answered(call, request, fresh);
      this.#audit(call, access, request, { answer });
      return answer;
    };
    const failed = (error: unknown): never => {
      this.#audit(call, access, request, { error });
      throw error;
    };
    // What a handler writes and its audit entry are kept together, and before the answer.
    const answer = this.host.db.together((): O | Promise<unknown> => {
      try {
        this.chain.admit(call, service, access, request);
        const wait = this.chain.meet(call, access, request);
        const raw = wait === undefined ? handle() : wait.then(handle);
        return raw instanceof Promise ? raw : done(raw);
      } catch (thrown) {
        return failed(thrown);
      }
    });
    return answer instanceof Promise ? answer.then(done).catch(failed) : answer;
  }

  #audit<I>(call: Call, access: Access<I>, request: I, outcome: { answer?: unknown; error?: unknown }): void {
    try {
      this.chain.audit(call, access, request, outcome);
    } catch (thrown) {
      this.#onBug(thrown);
    }
  }
}
