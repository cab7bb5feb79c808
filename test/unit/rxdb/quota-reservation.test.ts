/** The share of the quota that a module holds, when several ask for it at once. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { QuotaReservation } from "../../../src/rxdb/quota-reservation";
import { reserve, reservedIn } from "../../support/modules";
import { createUser } from "../../support/provider";
import { accountId } from "../../support/rows";
import { moduleObject } from "../../support/rxdb/module-rows";

const MEGABYTE = 1_000_000;

/** A module that holds `held.bytes`, with its ledger. */
async function asked(ask: (ledger: QuotaReservation, held: { bytes: number }) => Promise<unknown>) {
  const { name } = await createUser();
  await reserve(name, "notes");
  const owner = { account: await accountId(name), module: "notes" };
  const held = { bytes: 0 };
  await runInDurableObject(await moduleObject(name, "notes"), (_, { storage }) =>
    ask(new QuotaReservation(storage, env, owner, () => held.bytes), held),
  );
  return { held: held.bytes, reserved: await reservedIn(name, "notes") };
}

describe("What is reserved covers what is held", () => {
  it("when a write that needs much and one that needs little ask at once", async () => {
    const { held, reserved } = await asked(async (ledger, held) => {
      const write = async (bytes: number) => {
        expect(await ledger.reserve(bytes)).toBe(true);
        held.bytes += bytes;
      };
      await Promise.all([write(10 * MEGABYTE), write(1)]);
    });
    expect(reserved).toBeGreaterThanOrEqual(held);
  });

  it("when room is given back while a write asks for more", async () => {
    const { held, reserved } = await asked(async (ledger, held) => {
      const write = async (bytes: number) => {
        expect(await ledger.reserve(bytes)).toBe(true);
        if (ledger.fits(bytes)) held.bytes += bytes;
      };
      await Promise.all([write(10 * MEGABYTE), ledger.reconcile()]);
    });
    expect(reserved).toBeGreaterThanOrEqual(held);
  });
});
