/** An operator who embeds Satchel and has custom requests of their own. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getRxStorageRemote, type MessageFromRemote } from "rxdb/plugins/storage-remote";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { type CustomCaller, ModuleObject } from "../../src/index";
import { moduleStub, openModule } from "../../src/modules/modules";
import { CALLER } from "../../src/rxdb/module-object";
import { connectApp, createUser } from "../support/provider";

/** As in the README. */
class Operated extends ModuleObject {
  override async customRequestHandler(message: unknown, caller: CustomCaller): Promise<unknown> {
    if ((message as { bar?: string }).bar === "fail") throw new Error("The operator says no.");
    return (message as { bar?: string }).bar === "foo" ? { foo: "bar", caller } : undefined;
  }
}

/** A stock client's storage, on a socket of an object of the operator's class. */
async function operatedStorage(scope: string) {
  const person = await createUser();
  const { token } = await connectApp(person, scope);
  const [, payload = ""] = token.split(".");
  const { sub: account, grant } = JSON.parse(atob(payload)) as { sub: string; grant: string };
  await openModule(env, account, "notes");
  const owner = { account, user: person.name, module: "notes" };
  const arrival = {
    owner,
    session: "hash",
    token: { grant, expiresAt: null },
    endpoint: "wss://satchel.example/rxdb/x/notes",
    after: null,
  };
  const headers = { Upgrade: "websocket", [CALLER]: JSON.stringify(arrival) };
  const object = moduleStub(env, account, "notes");
  const ask = (message: unknown) =>
    runInDurableObject(object, async (_, state) => {
      const operated = new Operated(state, env);
      const storage = getRxStorageRemote({
        identifier: "operated",
        messageChannelCreator: async () => {
          const { webSocket } = await operated.fetch(new Request("https://x/", { headers }));
          if (!webSocket) throw new Error("There is no socket.");
          webSocket.accept();
          const messages$ = new Subject<MessageFromRemote>();
          webSocket.addEventListener("message", ({ data }) => {
            messages$.next(JSON.parse(String(data)));
          });
          const [server] = state.getWebSockets() as [WebSocket];
          return {
            messages$,
            send: (frame) => void operated.webSocketMessage(server, JSON.stringify(frame)),
            close: async () => webSocket.close(),
          };
        },
      });
      return storage.customRequest(message);
    });
  return { person, ask };
}

describe("customRequest at an operator's Satchel", () => {
  it("is answered by their customRequestHandler, which learns who asks", async () => {
    const { person, ask } = await operatedStorage("notes:r");
    expect(await ask({ bar: "foo" })).toEqual({
      foo: "bar",
      caller: { user: person.name, module: "notes", access: "r" },
    });
  });

  it("does not take away what every Satchel answers", async () => {
    const { person, ask } = await operatedStorage("notes:rw");
    expect(await ask("whoami")).toMatchObject({ user: person.name, access: "rw" });
  });

  it("rejects where the handler throws, or has no answer", async () => {
    const { ask } = await operatedStorage("notes:rw");
    await expect(ask({ bar: "fail" })).rejects.toThrow("The operator says no.");
    await expect(ask({ bar: "baz" })).rejects.toThrow("not known here");
  });
});
