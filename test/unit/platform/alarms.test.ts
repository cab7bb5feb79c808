/** The one alarm of an object: what sets it, and when. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { runAlarm, scheduleAlarm } from "../../../src/platform/alarms";
import { uniqueUserName } from "../../support/provider";

const NOW = Date.now();
const [SOON, TOMORROW] = [NOW + 3_600_000, NOW + 86_400_000];

const withStorage = <T>(use: (storage: DurableObjectStorage) => Promise<T>): Promise<T> =>
  runInDurableObject(env.USERS.getByName(uniqueUserName()), (_, { storage }) => use(storage));

describe("An alarm", () => {
  it("is moved forward only", () =>
    withStorage(async (storage) => {
      for (const at of [TOMORROW, SOON, TOMORROW]) await scheduleAlarm(storage, at);
      expect(await storage.getAlarm()).toBe(SOON);
    }));

  it.each([
    ["what it has to do next", SOON, [TOMORROW], SOON],
    ["the earliest that it was asked for meanwhile", TOMORROW, [TOMORROW + 1, SOON], SOON],
    ["that, if there is nothing else to do", null, [TOMORROW], TOMORROW],
  ])("is set for %s, and not while it runs", (_, next, asked, expected) =>
    withStorage(async (storage) => {
      const at = await runAlarm(storage, async () => {
        for (const time of asked) await scheduleAlarm(storage, time);
        expect(await storage.getAlarm()).toBe(null);
        return next;
      });
      expect([at, await storage.getAlarm()]).toEqual([expected, expected]);
    }),
  );

  it("is not set if there is nothing to do", () =>
    withStorage(async (storage) => {
      expect(await runAlarm(storage, async () => null)).toBe(null);
      expect(await storage.getAlarm()).toBe(null);
    }));

  it("can be set again after it has failed", () =>
    withStorage(async (storage) => {
      const failing = runAlarm(storage, () => Promise.reject(new Error("It failed.")));
      await expect(failing).rejects.toThrow("It failed.");
      await scheduleAlarm(storage, SOON);
      expect(await storage.getAlarm()).toBe(SOON);
    }));
});
