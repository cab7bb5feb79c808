/** The frames with which an RxDB app creates collections and fills them, for any WebSocket. */

/** Documents by the name of their collection. */
export type DocumentsByCollection = Record<string, { id: string; text: string }[]>;

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 100 },
    text: { type: "string" },
    _deleted: { type: "boolean" },
    _rev: { type: "string", minLength: 1 },
    _meta: {
      type: "object",
      properties: {
        lwt: { type: "number", minimum: 1, maximum: 1e15, multipleOf: 0.01 },
      },
      additionalProperties: true,
      required: ["lwt"],
    },
    _attachments: { type: "object" },
  },
  required: ["id", "_deleted", "_rev", "_meta", "_attachments"],
  additionalProperties: false,
  indexes: [
    ["_deleted", "id"],
    ["_meta.lwt", "id"],
  ],
  encrypted: [],
};

/** The frames that store all documents; each is sent after the answer to the one before. */
export function framesToStore(database: string, collections: DocumentsByCollection): object[] {
  return Object.entries(collections).flatMap(([name, documents]) => {
    const frame = (method: string, params: unknown) => ({
      connectionId: `connection of ${name} in ${database}`,
      requestId: `${method} of ${name}`,
      version: "17.6.0",
      method,
      params,
    });
    const rows = documents.map((document) => ({
      document: {
        ...document,
        _deleted: false,
        _rev: "1-first",
        _meta: { lwt: Date.now() },
        _attachments: {},
      },
    }));
    return [
      frame("create", {
        databaseInstanceToken: "token",
        databaseName: database,
        collectionName: name,
        schema: SCHEMA,
        options: {},
        multiInstance: false,
        devMode: false,
      }),
      frame("bulkWrite", [rows, "test"]),
    ];
  });
}

/** Sends frames over an open socket, one by one, each after the answer to the one before. */
export async function sendFrames(socket: WebSocket, frames: object[]): Promise<void> {
  for (const frame of frames) {
    const { requestId } = frame as { requestId: string };
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("close", () => reject(new Error("The socket was closed.")));
      socket.addEventListener("message", ({ data }) => {
        const { answerTo, error, return: value } = JSON.parse(String(data));
        if (answerTo !== requestId) return;
        if (error || value?.error?.length > 0) reject(new Error(String(data)));
        else resolve();
      });
      socket.send(JSON.stringify(frame));
    });
  }
}
