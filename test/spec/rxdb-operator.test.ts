/** Custom requests of an operator who extends Satchel. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getRxStorageRemote, type MessageFromRemote } from "rxdb/plugins/storage-remote";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { type CustomCaller, ModuleObject } from "../../src/index";
import { moduleStub, openModule } from "../../src/modules/modules";
import { HANDSHAKE_HEADER } from "../../src/rxdb/handshake";
import { connectApp, createUser } from "../support/provider";

/** As in the README. */
class OperatorModuleObject extends ModuleObject {
  override async customRequestHandler(message: unknown, caller: CustomCaller): Promise<unknown> {
    if ((message as { bar?: string }).bar === "fail") throw new Error("The operator refuses.");
    return (message as { bar?: string }).bar === "foo" ? { foo: "bar", caller } : undefined;
  }
}

/** RxDB's own client, on a socket of an object of the operator's class. */
async function openOperatorStorage(scope: string) {
  const user = await createUser();
  const { token } = await connectApp(user, scope);
  const [, payload = ""] = token.split(".");
  const { sub: account, grant } = JSON.parse(atob(payload)) as { sub: string; grant: string };
  await openModule(env, account, "notes");
  const owner = { account, user: user.name, module: "notes" };
  const handshake = {
    owner,
    session: "hash",
    token: { grant, expiresAt: null },
    endpoint: "wss://satchel.example/rxdb/x/notes",
    after: null,
  };
  const headers = { Upgrade: "websocket", [HANDSHAKE_HEADER]: JSON.stringify(handshake) };
  const object = moduleStub(env, account, "notes");
  const ask = (message: unknown) =>
    runInDurableObject(object, async (_, state) => {
      const moduleObject = new OperatorModuleObject(state, env);
      const storage = getRxStorageRemote({
        identifier: "operator",
        messageChannelCreator: async () => {
          const { webSocket } = await moduleObject.fetch(new Request("https://x/", { headers }));
          if (!webSocket) throw new Error("There is no socket.");
          webSocket.accept();
          const messages$ = new Subject<MessageFromRemote>();
          webSocket.addEventListener("message", ({ data }) => {
            messages$.next(JSON.parse(String(data)));
          });
          const [server] = state.getWebSockets() as [WebSocket];
          return {
            messages$,
            send: (frame) => void moduleObject.webSocketMessage(server, JSON.stringify(frame)),
            close: async () => webSocket.close(),
          };
        },
      });
      return storage.customRequest(message);
    });
  return { user, ask };
}

describe("customRequest with an operator's handler", () => {
  it("is answered by the customRequestHandler, which gets the caller", async () => {
    const { user, ask } = await openOperatorStorage("notes:r");
    expect(await ask({ bar: "foo" })).toEqual({
      foo: "bar",
      caller: { user: user.name, module: "notes", access: "r" },
    });
  });

  it("still answers what every Satchel answers", async () => {
    const { user, ask } = await openOperatorStorage("notes:rw");
    expect(await ask("whoami")).toMatchObject({ user: user.name, access: "rw" });
  });

  it("rejects if the handler throws or has no answer", async () => {
    const { ask } = await openOperatorStorage("notes:rw");
    await expect(ask({ bar: "fail" })).rejects.toThrow("The operator refuses.");
    await expect(ask({ bar: "baz" })).rejects.toThrow("Unknown custom request.");
  });
});
