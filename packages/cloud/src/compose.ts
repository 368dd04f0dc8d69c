import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { createChain } from "./chain/create-chain.ts";
import { createDirectory } from "./chain/directory.ts";
import { createFaults, type Faults } from "./chain/faults.ts";
import { type Late, meaningOf, onlyLate } from "./chain/late.ts";
import { createLikeGoogle, likeGoogleKey } from "./chain/like-google.ts";
import { type Preset, presetsKey } from "./chain/presets.ts";
import { createQuotas } from "./chain/quotas.ts";
import { createTokens } from "./chain/tokens.ts";
import type { Host, Iam, InternalCall } from "./host.ts";
import { keptClock } from "./kept-clock.ts";
import type { CloudService, HttpSurface } from "./service.ts";
import { pour } from "./snapshots.ts";
import type { StateFolder } from "./state-folder.ts";
import { createDatabase } from "./store/database.ts";
import { createLogs } from "./store/logs.ts";
import { createVault } from "./store/vault.ts";
import { type Apis, createApis } from "./wire/apis.ts";
import { createGrpcDoor, type GrpcDoor } from "./wire/grpc.ts";
import { Invoker } from "./wire/invoke.ts";
import { createOperations } from "./wire/operations.ts";
import { createRestDoor, type RestDoor } from "./wire/rest.ts";
import { RpcError } from "./wire/rpc-error.ts";
import { createSchemas } from "./wire/schemas.ts";

export interface Note {
  readonly topic: string;
  readonly text: string;
}

/** A cloud without its port: what `startCloud` serves, and `reset` replaces. */
export interface Composition {
  readonly host: Host;
  readonly apis: Apis;
  readonly rest: RestDoor;
  readonly grpc: GrpcDoor;
  readonly surfaces: readonly HttpSurface[];
  readonly together: Host["db"]["together"];
  readonly notes: readonly Note[];
  readonly faults: Faults;
  /** Moves the clock, and remembers it over a restart. */
  advance(ms: number): void;
  /** Lets it run so many times as fast, until the cloud is stopped. */
  setRate(rate: number): void;
  /** Brings back what was running. What one service fails at is told to `onBug`, the others go on. */
  resume(): Promise<void>;
  /** Ends what the services started. */
  stop(): Promise<void>;
  /** Closes the database; nothing may be called after. */
  release(): void;
}

export interface CompositionInit {
  readonly folder: StateFolder;
  readonly services: readonly CloudService[];
  readonly clock?: MovableClock | undefined;
  /** How many times as fast as the computer's it runs. */
  readonly clockRate: number;
  readonly ids: Ids;
  readonly iam: Iam["mode"];
  readonly projects: Readonly<Record<string, number>>;
  readonly newProjects: boolean;
  /** Whether Google's limits count. */
  readonly quotas: boolean;
  /** What takes as long to count as at Google. */
  readonly late: ReadonlySet<Late>;
  readonly presets: ReadonlySet<Preset>;
  /** What faults and lags are drawn from. */
  readonly seed: string;
  readonly address: () => string;
  readonly say: (text: string) => void;
  readonly onBug: (thrown: unknown) => void;
}

/** Puts the parts together. Throws `Failure` STATE_CORRUPT or STATE_TOO_NEW. */
export function compose(init: CompositionInit): Composition {
  const { folder, services, ids, onBug } = init;
  const db = createDatabase({ file: folder.database });
  try {
    if (folder.image !== undefined) pour(db.sql, folder.image);
    const kept = keptClock(db, init.clock, init.clockRate);
    const { clock } = kept;
    const notes: Note[] = [];
    const note = (topic: string, text: string): void => {
      if (notes.some((each) => each.topic === topic && each.text === text)) return;
      notes.push({ topic, text });
      init.say(`${topic}: ${text}`);
    };
    const vault = createVault(folder.dir === undefined ? { key: folder.vaultKey() } : { dir: folder.dir });
    const schemas = createSchemas();
    const { newProjects, presets, seed } = init;
    const { late } = init;
    const likeGoogle = late.size === 0 ? undefined : onlyLate(createLikeGoogle({ clock, seed, db }), late);
    if (likeGoogle !== undefined) {
      note("like-google", `On the cloud's clock, ${meaningOf(late)} (aloft cloud clock --advance 7m).`);
    }
    const { projects, iam } = createDirectory({ db, clock, ids, mode: init.iam, note, likeGoogle, presets });
    for (const [id, number] of Object.entries(init.projects)) projects.ensure(id, String(number));
    const tokens = createTokens({ db, vault, clock });
    const logs = createLogs({ db, clock, ids });
    const operations = createOperations({ db, schemas, clock, ids, onBug });
    const faults = createFaults({ clock, ids, seed, db });
    const quotas = init.quotas ? createQuotas({ clock, projects }) : undefined;
    const chain = createChain({ projects, iam, tokens, logs, schemas, newProjects, faults, quotas, likeGoogle });

    const surfaces: HttpSurface[] = [];
    const values = new Map<string, unknown>([
      [likeGoogleKey, likeGoogle],
      [presetsKey, presets],
    ]);
    const host: Host = {
      clock,
      ids,
      dir: folder.dir,
      files: folder.files,
      db,
      vault,
      schemas,
      projects,
      iam,
      tokens,
      operations,
      logs,
      call: (method, request, as) => call(method, request, as),
      address: init.address,
      surface: (surface) => void surfaces.push(surface),
      shared: <T>(key: string, make: () => T): T => {
        if (!values.has(key)) values.set(key, make());
        return values.get(key) as T;
      },
      note,
    };
    const apis = createApis({ services, host, schemas, operations });
    const invoker = new Invoker(host, chain, onBug);

    const call: InternalCall = async <O extends Message>(
      method: string,
      request: object,
      as: Parameters<InternalCall>[2],
    ) => {
      const endpoint = await apis.endpoint(method, undefined);
      if (endpoint === undefined) throw new RpcError("UNIMPLEMENTED", `The local cloud has no method ${method}.`);
      const message = schemas.create(endpoint.input, request as MessageInitShape<typeof endpoint.input>);
      const context = invoker.call(endpoint, { caller: as, headers: {} });
      return (await invoker.unary(endpoint, message, context)) as O;
    };

    return {
      host,
      apis,
      rest: createRestDoor({ invoker, schemas, onBug }),
      grpc: createGrpcDoor({ apis, invoker, schemas, onBug }),
      surfaces,
      together: db.together,
      notes,
      faults,
      advance: kept.advance,
      setRate: kept.setRate,
      resume: () => each(services, (service) => service.resume?.(host), onBug),
      stop: () => each([...services].reverse(), (service) => service.close?.(host), onBug),
      release: () => {
        logs.close();
        kept.close();
        db.close();
      },
    };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

async function each(
  services: readonly CloudService[],
  work: (service: CloudService) => Promise<void> | undefined,
  onBug: (thrown: unknown) => void,
): Promise<void> {
  for (const service of services) {
    try {
      await work(service);
    } catch (thrown) {
      onBug(thrown);
    }
  }
}
