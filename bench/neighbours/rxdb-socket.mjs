/** An app's socket to the module "todos", with a connection to a collection. */

const SCHEMA_FIELDS = Array.from({ length: 60 }, (_, i) => `field${i}`);

/** A schema with these indexes. */
const schemaWith = (indexes) => ({
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 60 },
    text: { type: "string" },
    ...Object.fromEntries(SCHEMA_FIELDS.map((name) => [name, { type: "string", maxLength: 20 }])),
    _rev: { type: "string" },
    _attachments: { type: "object" },
    _deleted: { type: "boolean" },
    _meta: {
      type: "object",
      properties: { lwt: { type: "number", minimum: 1, maximum: 1e15, multipleOf: 0.01 } },
      additionalProperties: true,
    },
  },
  required: ["id", "_rev", "_attachments", "_deleted", "_meta"],
  indexes: indexes.map((field) => ["_deleted", field, "id"]),
  additionalProperties: true,
  encrypted: [],
  keyCompression: false,
});

export const ONE_INDEX = schemaWith(["text"]);
export const ALL_INDEXES = schemaWith(SCHEMA_FIELDS);

/** The row of a write that inserts a document. */
export const rowOf = (id, text) => ({
  document: {
    id,
    text,
    _deleted: false,
    _attachments: {},
    _meta: { lwt: Date.now() },
    _rev: "1-bench",
  },
});

/** A prepared query of RxDB. */
export const queryOf = (selector, more = {}) => ({
  query: {
    selector: { ...selector, _deleted: { $eq: false } },
    sort: [{ id: "asc" }],
    skip: 0,
    ...more,
  },
  queryPlan: {},
});

export class RxdbSocket {
  #socket;
  #pending = new Map();
  #count = 0;

  static async open({ url, user, token }) {
    const address = `${url.replace("http", "ws")}/rxdb/${user}/todos?access_token=${token}`;
    const opened = new RxdbSocket();
    const socket = new WebSocket(address);
    opened.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { answerTo, error, return: value } = JSON.parse(data);
      opened.#pending.get(answerTo)?.({ error, value });
      opened.#pending.delete(answerTo);
    });
    socket.addEventListener("close", () => opened.#end());
    socket.addEventListener("error", () => opened.#end());
    await new Promise((resolve) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("close", resolve);
    });
    return opened;
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** The answer, which may be an error; an error, too, if the socket is closed. */
  call(method, params, connectionId = "c") {
    const requestId = `r${++this.#count}`;
    return this.sendText(
      JSON.stringify({ connectionId, requestId, version: "17.6.0", method, params }),
      requestId,
    );
  }

  /** Sends any text. Resolves with the answer to this request, or when the socket is closed. */
  sendText(text, requestId = "none") {
    if (!this.isOpen) return Promise.resolve({ error: { code: "closed" } });
    return new Promise((resolve) => {
      this.#pending.set(requestId, resolve);
      this.#socket.send(text);
    });
  }

  create(collectionName, schema = ONE_INDEX, connectionId = "c") {
    return this.call("create", { databaseName: "bench", collectionName, schema }, connectionId);
  }

  close() {
    this.#socket.close();
  }

  #end() {
    for (const resolve of this.#pending.values()) resolve({ error: { code: "closed" } });
    this.#pending.clear();
  }
}
