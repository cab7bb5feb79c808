/** Deleting a database while D1 or the module's object fails, at each call. */

import { describe, expect, it } from "vitest";
import { withFault } from "../support/fault-injection";
import { type FaultCase, testEachFault } from "../support/faults-at-each-call";
import { mainText } from "../support/html";
import { storeDatabase } from "../support/modules";
import { connectApp, createUser, ORIGIN } from "../support/provider";
import { activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

async function deletion(): Promise<FaultCase> {
  const user = await createUser();
  const app = await connectApp(user);
  for (const name of ["list", "stays"]) {
    await storeDatabase(app, "todos", name, { tasks: [{ id: "1", text: "wash" }] });
  }
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  const databaseNames = async () => {
    const text = mainText(await (await sendWithSettings({})("/data", { headers })).text());
    return ["list", "stays"].filter((name) => text.includes(`${name} (`));
  };
  const path = "/data/database?module=todos&name=list";
  return {
    send: () => sendWithSettings({})(path, { method: "POST", headers }),
    status: 303,
    loadState: databaseNames,
    writes: "MODULES.deleteDatabase",
    expectDone: async (_, context) => {
      expect(await databaseNames(), context).toEqual(["stays"]);
      // Twice if the request was repeated, but never missing.
      const kinds = (await activityRows(user.name)).map(({ kind }) => kind);
      expect(kinds, context).toContain("database-deleted");
    },
  };
}

describe("Deleting a database", () => {
  testEachFault(async () => deletion);

  it("records the activity before it deletes", async () => {
    const { calls } = await withFault(null, (await deletion()).send);
    const recorded = calls.lastIndexOf("DB.run");
    expect(recorded).toBeGreaterThan(0);
    expect(calls.indexOf("MODULES.deleteDatabase")).toBe(recorded + 1);
  });
});
