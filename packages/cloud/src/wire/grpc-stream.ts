/** What a gRPC call needs of HTTP/2, whichever server it came in by. */
export interface GrpcStream {
  /** Nobody is there any more to be answered. */
  readonly gone: boolean;
  /** Whether the answer's headers are on their way. */
  readonly headersSent: boolean;
  readonly paused: boolean;
  /** Who gets what the client sends; called at once, before anything can have come. */
  listen(listener: GrpcListener): void;
  /** The client is to send no more for the moment. */
  pause(): void;
  resume(): void;
  /** The one answer of a unary call, and status 0. */
  answer(message: Uint8Array): void;
  /** The headers of an answer of several messages. */
  open(): void;
  /** One message of several. False: no more until `drained`. */
  send(message: Uint8Array): boolean;
  /** Calls once, when more may be sent, or nobody is there. */
  drained(then: () => void): void;
  /** The status as trailers, or, where nothing was sent, as the whole answer. What the client still sends is thrown away. */
  finish(trailers: Readonly<Record<string, string>>): void;
}

export interface GrpcListener {
  data(chunk: Buffer): void;
  end(): void;
  /** The last call, however it ended. */
  close(): void;
  /** The call was not answered at once: the time for limits and the like. */
  waits(): void;
}

/** Headers of every answer. */
export const answerHeaders = {
  ":status": "200",
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity,gzip",
} as const;

/** How long what a client still sends after its answer is read and thrown away, in ms. */
export const patienceMs = 1000;
