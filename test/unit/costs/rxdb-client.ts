/** A client of RxDB whose messages, in both directions, count as the traffic of what is measured. */

import {
  createParams,
  FrameSocket,
  type RequestFrame,
  socketPath,
} from "../../support/rxdb/sockets";
import { storageDocument } from "../../support/rxdb/storage-instances";
import type { SizedAccount } from "./accounts";
import type { Traffic } from "./measure";

/** As many fields as a schema may have indexes. */
const FIELDS = Array.from({ length: 60 }, (_, i) => `field${i}`);

const schemaWith = (indexes: string[], more: object = {}): object => ({
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 200 },
    rank: { type: "integer", minimum: 0, maximum: 1_000_000, multipleOf: 1 },
    ...Object.fromEntries(FIELDS.map((name) => [name, { type: "string", maxLength: 20 }])),
    text: { type: "string" },
    ...more,
  },
  required: ["id", "rank"],
  indexes,
  attachments: {},
});

/** A schema with one index, and one with as many as possible. */
export const ONE_INDEX = schemaWith(["rank"]);
export const ALL_INDEXES = schemaWith(["rank", ...FIELDS]);

/** A schema that is almost as long as it may be. */
export const LONGEST_SCHEMA = schemaWith(["rank"], {
  long: { type: "string", description: "x".repeat(90_000) },
});

/** A document. `fields` replace those that RxDB adds. */
export const documentOf = (index: number, fields: object = {}): object =>
  storageDocument(
    {
      id: `document${index}`,
      rank: index,
      text: "A quarter of a kilobyte, as long as a document of an app may be.",
    },
    fields,
  );

/** A client with one socket to the module "todos" of an account. */
export class MeasuredClient {
  readonly #socket: FrameSocket;
  #traffic: Traffic | null = null;

  private constructor(socket: FrameSocket) {
    this.#socket = socket;
    socket.webSocket.addEventListener("message", ({ data }) => {
      if (this.#traffic) this.#traffic.sent += Buffer.byteLength(String(data));
    });
  }

  static open = async ({ app }: SizedAccount, module: string): Promise<MeasuredClient> =>
    new MeasuredClient(await FrameSocket.open(socketPath(app, module)));

  /** Opens a connection to a collection. */
  async create(collection: string, schema = ONE_INDEX, connectionId = "c"): Promise<void> {
    const params = createParams("measured", schema, collection);
    const { error } = await this.#socket.call({ method: "create", params, connectionId });
    if (error) throw new Error(error.message);
  }

  /** Sends a request that is not measured. Throws if it is refused. */
  async call(method: string, params: unknown, connectionId = "c"): Promise<unknown> {
    const answer = await this.#socket.call({ method, params, connectionId });
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.return;
  }

  /** Sends a request that is measured, and waits for the answer, which may be a refusal. */
  async measure(traffic: Traffic, frame: RequestFrame): Promise<void> {
    this.#traffic = traffic;
    traffic.received += Buffer.byteLength(JSON.stringify(frame.params)) + 100;
    await this.#socket.call(frame);
    this.#traffic = null;
  }

  /** Counts what this client gets while others make a request. */
  async listen<T>(traffic: Traffic, action: () => Promise<T>): Promise<T> {
    this.#traffic = traffic;
    const result = await action();
    await this.#socket.call({ method: "custom", params: "nothing", requestId: "flush" });
    this.#traffic = null;
    return result;
  }
}
