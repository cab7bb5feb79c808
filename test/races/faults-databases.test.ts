/** A database of an RxDB app is deleted while D1 or the object does not answer, at each call. */

import { describe, expect, it } from "vitest";
import { type Act, CUTS, cutAtEachCall } from "../support/fault-injection";
import { cutting } from "../support/faults";
import { mainText } from "../support/html";
import { storeDatabase } from "../support/modules";
import { activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { connectApp, createUser, ORIGIN } from "../support/provider";

async function deletion(): Promise<Act> {
  const person = await createUser();
  const app = await connectApp(person);
  for (const name of ["list", "stays"]) {
    await storeDatabase(app, "todos", name, { tasks: [{ id: "1", text: "wash" }] });
  }
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  const shown = async () => {
    const text = mainText(await (await sendWithSettings({})("/data", { headers })).text());
    return ["list", "stays"].filter((name) => text.includes(`${name} (`));
  };
  const path = "/data/database?module=todos&name=list";
  return {
    send: () => sendWithSettings({})(path, { method: "POST", headers }),
    status: 303,
    state: shown,
    writes: "MODULES.deleteDatabase",
    expectDone: async (_, context) => {
      expect(await shown(), context).toEqual(["stays"]);
      // Perhaps twice, where it was asked for twice, but never not at all.
      const kinds = (await activityRows(person.name)).map(({ kind }) => kind);
      expect(kinds, context).toContain("database-deleted");
    },
  };
}

describe("Deleting a database", () => {
  it.each(CUTS)("at each call: $title", (kind) => cutAtEachCall(kind, deletion));

  it("writes the log before it deletes", async () => {
    const { calls } = await cutting(null, (await deletion()).send);
    const deed = calls.lastIndexOf("DB.run");
    expect(deed).toBeGreaterThan(0);
    expect(calls.indexOf("MODULES.deleteDatabase")).toBe(deed + 1);
  });
});
