/** The quota reservation of a module, when several writes need it at once. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { QuotaReservation } from "../../../src/rxdb/quota-reservation";
import { openModuleWithBytes, reservedBytes } from "../../support/modules";
import { createUser } from "../../support/provider";
import { accountId } from "../../support/rows";
import { moduleObject } from "../../support/rxdb/module-rows";

const MEGABYTE = 1_000_000;

/** Runs writes in a module that holds `held.bytes`. Returns what is held and reserved afterwards. */
async function run(writes: (quota: QuotaReservation, held: { bytes: number }) => Promise<unknown>) {
  const { name } = await createUser();
  await openModuleWithBytes(name, "notes");
  const id = { account: await accountId(name), module: "notes" };
  const held = { bytes: 0 };
  await runInDurableObject(await moduleObject(name, "notes"), (_, { storage }) =>
    writes(new QuotaReservation(storage, env, id, () => held.bytes), held),
  );
  return { held: held.bytes, reserved: await reservedBytes(name, "notes") };
}

describe("The reservation covers what is held", () => {
  it("when a large and a small write reserve at once", async () => {
    const { held, reserved } = await run(async (quota, held) => {
      const write = async (bytes: number) => {
        expect(await quota.reserve(bytes)).toBe(true);
        held.bytes += bytes;
      };
      await Promise.all([write(10 * MEGABYTE), write(1)]);
    });
    expect(reserved).toBeGreaterThanOrEqual(held);
  });

  it("when quota is given back while a write reserves more", async () => {
    const { held, reserved } = await run(async (quota, held) => {
      const write = async (bytes: number) => {
        expect(await quota.reserve(bytes)).toBe(true);
        if (quota.fits(bytes)) held.bytes += bytes;
      };
      await Promise.all([write(10 * MEGABYTE), quota.reconcile()]);
    });
    expect(reserved).toBeGreaterThanOrEqual(held);
  });
});
