/** The few requests of Secret Manager that the load needs, written by hand: a peer's schema is not needed for them. */
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), length(bytes.length), bytes]);
const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

function length(value: number): Buffer {
  const out: number[] = [];
  let left = value;
  for (; left > 127; left >>>= 7) out.push((left & 127) | 128);
  return Buffer.from([...out, left]);
}

/** A message in its gRPC frame. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const service = "/google.cloud.secretmanager.v1.SecretManagerService";

export interface GrpcRequest {
  readonly path: string;
  readonly body: Buffer;
}

/** With automatic replication. */
export function createSecret(parent: string, id: string): GrpcRequest {
  const secret = field(2, field(1, Buffer.alloc(0)));
  return {
    path: `${service}/CreateSecret`,
    body: framed(Buffer.concat([text(1, parent), text(2, id), field(3, secret)])),
  };
}

export function addVersion(secret: string, data: string): GrpcRequest {
  const body = framed(Buffer.concat([text(1, secret), field(2, text(1, data))]));
  return { path: `${service}/AddSecretVersion`, body };
}

export function accessVersion(name: string): GrpcRequest {
  return { path: `${service}/AccessSecretVersion`, body: framed(text(1, name)) };
}
