/** A socket that is let in at the very moment at which its grant ends. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { storingFrames } from "../support/database-frames";
import { openSocket, storeDatabase } from "../support/modules";
import { APP_ORIGIN, connectApp, createUser, sendForm } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { createSession, sessionPath } from "../support/rxdb/sessions";
import { createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { todo, uniqueDatabaseName } from "../support/rxdb/todos";

afterEach(() => {
  Reflect.deleteProperty(env.DB, "prepare");
});

/**
 * Holds back an answer of D1 about a grant, after so many others about one. Resolves once it is there;
 * `release` hands it on.
 */
function holdStanding(after: number): { held: () => Promise<void>; release: () => void } {
  let isHeld = false;
  let isReleased = false;
  const prepare = env.DB.prepare.bind(env.DB);
  let asked = 0;
  const hold = (statement: D1PreparedStatement): D1PreparedStatement => {
    const { bind, all } = statement;
    Object.defineProperty(statement, "bind", {
      value: (...values: unknown[]) => hold(bind.apply(statement, values)),
    });
    Object.defineProperty(statement, "all", {
      value: async () => {
        const answer = await all.call(statement);
        if (asked++ === after) {
          isHeld = true;
          await until(() => isReleased);
        }
        return answer;
      },
    });
    return statement;
  };
  Object.defineProperty(env.DB, "prepare", {
    configurable: true,
    value: (sql: string) =>
      sql.includes("FROM grants g JOIN accounts a") ? hold(prepare(sql)) : prepare(sql),
  });
  return {
    held: () => until(() => isHeld),
    release: () => {
      isReleased = true;
    },
  };
}

/** Looks again and again: a promise cannot be settled for another request or object. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("A socket whose grant ends while it is let in", () => {
  // The door asks first, then the module's object.
  it.each([0, 1])("is told nothing, however late D1's answer number %i comes", async (after) => {
    const person = await createUser();
    const app = await connectApp(person);
    await storeDatabase(app, "todos", "list", { tasks: [{ id: "1", text: "secret" }] });
    const { held, release } = holdStanding(after);
    const opening = openSocket(app, "todos");
    await held();
    const path = `/apps/disconnect?app=${encodeURIComponent(APP_ORIGIN)}`;
    expect((await sendForm(path, {}, { cookie: person.cookie })).status).toBe(303);
    release();
    const socket = await opening;
    const answers: string[] = [];
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.addEventListener("message", ({ data }) => answers.push(String(data)));
    const [create] = storingFrames("list", { tasks: [] });
    socket.send(JSON.stringify(create));
    socket.send(JSON.stringify({ ...create, method: "findDocumentsById", params: [["1"], true] }));
    await closed;
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(JSON.parse(answer).error?.code).toBe("unauthorized");
  });
});

describe("A frame whose socket is gone before its grant was weighed", () => {
  it("does not keep its connection from the next socket", async () => {
    const app = await connectApp(await createUser(), "todos:rw");
    const [name, path] = [uniqueDatabaseName(), sessionPath(await createSession(app))];
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(name) });
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    advanceClock(2 * MINUTE_MS);
    const { held, release } = holdStanding(0);
    const count = { connectionId: "c", requestId: "r", method: "findDocumentsById" };
    frames.socket.send(JSON.stringify({ ...count, params: [[], false] }));
    await held();
    frames.socket.close();
    await until(() => frames.closed !== null);
    release();
    // By the time that others are answered, the frame has been dealt with.
    await other.findDocumentsById(["a"], false);
    await other.findDocumentsById(["a"], false);
    const again = await FrameSocket.open(path);
    await insertDocuments(other, storageDocument(todo("a")));
    await until(() => again.eventBulks.length === 1);
  });
});
