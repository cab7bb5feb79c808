/** Deleting a database while D1 or the module's object fails, at each call. */

import { describe, expect, it } from "vitest";
import { withFault } from "../support/fault-injection";
import { type Prepare, testEachFault } from "../support/faults-at-each-call";
import { mainText } from "../support/html";
import { storeDatabase } from "../support/modules";
import { connectApp, createUser, ORIGIN } from "../support/provider";
import { activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

/** A user with a database that stays. Each request deletes another one. */
async function shareUser(): Promise<Prepare> {
  const user = await createUser();
  const app = await connectApp(user);
  const store = (name: string) =>
    storeDatabase(app, "todos", name, { tasks: [{ id: "1", text: "wash" }] });
  await store("stays");
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  const countRecorded = async () =>
    (await activityRows(user.name)).filter(({ kind }) => kind === "database-deleted").length;
  let requests = 0;
  return async () => {
    const name = `list${++requests}`;
    await store(name);
    const databaseNames = async () => {
      const text = mainText(await (await sendWithSettings({})("/data", { headers })).text());
      return [name, "stays"].filter((name) => text.includes(`${name} (`));
    };
    const path = `/data/database?module=todos&name=${name}`;
    const before = await countRecorded();
    return {
      send: () => sendWithSettings({})(path, { method: "POST", headers }),
      status: 303,
      loadState: databaseNames,
      writes: "MODULES.deleteDatabase",
      expectDone: async (_, context) => {
        expect(await databaseNames(), context).toEqual(["stays"]);
        // Twice if the request was repeated, but never missing.
        expect(await countRecorded(), context).toBeGreaterThan(before);
      },
    };
  };
}

describe("Deleting a database", () => {
  testEachFault(shareUser);

  it("records the activity before it deletes", async () => {
    const prepare = await shareUser();
    const { calls } = await withFault(null, (await prepare()).send);
    const recorded = calls.lastIndexOf("DB.run");
    expect(recorded).toBeGreaterThan(0);
    expect(calls.indexOf("MODULES.deleteDatabase")).toBe(recorded + 1);
  });
});
