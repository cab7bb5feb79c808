/** Devices without a browser: RFC 8628. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import {
  allowDevice,
  askAsDevice,
  deviceTokens,
  poll,
  pollError,
  startDevice,
  TV,
  typeCode,
} from "../support/devices";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import { appWith, askForTokens, oauthError, refresh, tokensIn } from "../support/oauth";
import { uniqueClientAddress } from "../support/sign-in-forms";
import { activityRows, allRows, grantRows } from "../support/rows";
import { createUser, ORIGIN, send, sendForm } from "../support/provider";

/** All rows but those of the devices' polls. */
async function rowsButDevices(): Promise<Record<string, unknown[]>> {
  const { devices: _, ...rows } = await allRows();
  return rows;
}

const many = Array.from({ length: 65 }, (_, i) => `m${i}:r`).join(" ");

describe("RFC 8628 §3.1 a device asks", () => {
  it("no more often from one address than anybody starts devices: each keeps a row", async () => {
    const headers = uniqueClientAddress();
    let response = await askAsDevice({}, headers);
    for (let i = 0; i < 40 && response.status === 200; i++) {
      response = await askAsDevice({}, headers);
    }
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://device.example");
    const before = await allRows();
    expect(await oauthError(await askAsDevice({}, headers))).toEqual([429, "slow_down"]);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 8628 §3.2 and gets two codes, and where to type the short one", async () => {
    const response = await askAsDevice();
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://device.example");
    const device = (await response.json()) as Record<string, unknown>;
    expect(device).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${ORIGIN}/device`,
      verification_uri_complete: `${ORIGIN}/device?user_code=${device.user_code}`,
      expires_in: 600,
      interval: 5,
    });
  });

  it("keeps only the hash of the device code", async () => {
    const { device_code } = await startDevice();
    expect(JSON.stringify(await allRows())).not.toContain(device_code);
  });

  it.each<[string, string, Record<string, string>]>([
    ["without a name", "invalid_request", { client_id: "" }],
    ["with a name that is too long", "invalid_request", { client_id: "x".repeat(51) }],
    ["with a line break in its name", "invalid_request", { client_id: "My\nTV" }],
    ["with a name that turns the line around", "invalid_request", { client_id: "TV \u202egpj" }],
    ["with a name that is a tag", "invalid_request", { client_id: "<b>TV</b>" }],
    [
      "with a name that looks like an origin",
      "invalid_request",
      { client_id: "https://a.example" },
    ],
    ["with a name that nobody sees", "invalid_request", { client_id: "\u3164" }],
    ["with a pile of marks", "invalid_request", { client_id: `a${"\u0301".repeat(9)}` }],
    ["for more than anybody reads", "invalid_scope", { scope: many }],
    ["with a name of spaces", "invalid_request", { client_id: "   " }],
    ["without a scope", "invalid_scope", { scope: "" }],
    ["for a scope that is none", "invalid_scope", { scope: "notes:w" }],
    ["for all that is public", "invalid_scope", { scope: "public:r" }],
  ])("%s: %s, and nothing is kept", async (_, error, fields) => {
    const before = await allRows();
    const response = await askAsDevice(fields);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://device.example");
    expect(await oauthError(response)).toEqual([400, error]);
    expect(await allRows()).toEqual(before);
  });

  it("by something that is no form, or with a parameter twice: invalid_request", async () => {
    const before = await allRows();
    for (const [body, type] of [
      [JSON.stringify({ client_id: TV, scope: "notes:r" }), "application/json"],
      ["client_id=a&client_id=b&scope=notes:r", "application/x-www-form-urlencoded"],
    ] as const) {
      const headers = { "Content-Type": type };
      const init = { method: "POST", body, headers };
      const response = await send("/oauth/device_authorization", init);
      expect(await oauthError(response)).toEqual([400, "invalid_request"]);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("RFC 8628 §3.3 the page where a person types the code", () => {
  it("asks whoever is not signed in to do so, and then comes back", async () => {
    const response = await send("/device?user_code=BCDF-GHJK");
    const target = new URL(response.headers.get("location") ?? "", ORIGIN);
    expect([response.status, target.pathname]).toEqual([303, "/sign-in"]);
    expect(target.searchParams.get("next")).toBe("/device?user_code=BCDF-GHJK");
  });

  it("takes the code in any case, with hyphen, spaces or neither", async () => {
    const person = await createUser();
    const { user_code } = await startDevice();
    for (const typed of [
      user_code,
      user_code.toLowerCase(),
      user_code.replace("-", ""),
      ` ${user_code.replace("-", " ")} `,
      user_code.split("").join(" "),
    ]) {
      const text = mainText(await (await typeCode(person, typed)).text());
      expect(text).toMatch(/^“ ?Living room TV ?” asks for access/);
    }
  });

  it("RFC 8628 §5.4 says that the name is unverified, shows the code to compare, and grants nothing yet", async () => {
    const person = await createUser();
    const { user_code } = await startDevice({ scope: "notes:rw photos:r" });
    const before = await allRows();
    const response = await typeCode(person, user_code);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(mainText(html)).toMatch(/nobody has checked.*Only go on if you started this/);
    expect(mainText(html)).toContain(user_code);
    expect(findElements(html, "select").map(({ name }) => name)).toEqual([
      "level:notes",
      "level:photos",
      "duration",
    ]);
    expect(findInlineCode(html)).toEqual([]);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 8628 §3.3.1 the complete address only fills the code in, to be compared", async () => {
    const person = await createUser();
    const { verification_uri_complete, user_code } = await startDevice();
    const before = await allRows();
    const headers = { Cookie: person.cookie };
    const html = await (await send(verification_uri_complete, { headers })).text();
    expect(fieldValue(html, "user_code")).toBe(user_code);
    expect(mainText(html)).toContain("your own device shows at this moment");
    expect(mainText(html)).not.toContain(TV);
    expect(await allRows()).toEqual(before);
  });

  it("fills in nothing that is no code", async () => {
    const headers = { Cookie: (await createUser()).cookie };
    const query = new URLSearchParams({ user_code: '"><script>alert(1)</script>' });
    const html = await (await send(`/device?${query}`, { headers })).text();
    expect(fieldValue(html, "user_code")).toBe("");
    expect(findInlineCode(html)).toEqual([]);
  });

  it.each(["", "BCDF", "AEIO-UAEI", "BCDF-GHJKL", "____-____", "%", "\u0000"])(
    'refuses what is no code, "%s": 400, nothing changes',
    async (typed) => {
      const person = await createUser();
      const device = await startDevice();
      const before = await allRows();
      const response = await allowDevice(person, { user_code: typed });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('role="alert"');
      expect(await allRows()).toEqual(before);
      expect(await pollError(device)).toBe("authorization_pending");
    },
  );

  it("refuses a code whose time is over", async () => {
    const person = await createUser();
    const device = await startDevice();
    advanceClock(10 * MINUTE_MS);
    const before = await allRows();
    expect((await typeCode(person, device.user_code)).status).toBe(400);
    expect((await allowDevice(person, device)).status).toBe(400);
    expect(await allRows()).toEqual(before);
    expect(await pollError(device)).toBe("expired_token");
  });

  it("RFC 8628 §5.1 lets nobody guess on and on: 429 with Retry-After, even with the right code", async () => {
    const person = await createUser();
    const device = await startDevice();
    const headers = { cookie: person.cookie, "CF-Connecting-IP": "2001:db8:77::1" };
    const guess = (user_code: string) =>
      sendForm("/device", { user_code, decision: "allow", duration: "year" }, headers);
    const statuses = new Set<number>();
    for (let i = 0; i < 35; i++) statuses.add((await guess("BBBB-BBBB")).status);
    expect([...statuses]).toEqual([400, 429]);
    const refused = await guess(device.user_code);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await pollError(device)).toBe("authorization_pending");
    expect(await grantRows(person.name)).toEqual([]);
  });

  it("RFC 6749 §10.12 is not answered from another site", async () => {
    const person = await createUser();
    const { user_code } = await startDevice();
    const before = await allRows();
    const fields = { user_code, decision: "allow", duration: "year" };
    const headers = { cookie: person.cookie, Origin: "https://evil.example" };
    expect((await sendForm("/device", fields, headers)).status).toBe(403);
    expect(await allRows()).toEqual(before);
  });

  it.each<[string, Record<string, string>]>([
    ["leaves nothing", { "level:notes": "none" }],
    ["has an unknown level", { "level:notes": "rwx" }],
    ["has an unknown duration", { duration: "forever" }],
  ])("asks again where the answer %s: 400, the device still waits", async (_, fields) => {
    const person = await createUser();
    const device = await startDevice();
    const before = await allRows();
    const response = await allowDevice(person, device, fields);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('role="alert"');
    expect(await allRows()).toEqual(before);
    expect(await pollError(device)).toBe("authorization_pending");
  });
});

describe("RFC 8628 §3.4 the device asks whether it was allowed", () => {
  it("RFC 8628 §3.5 gets access and refresh token once it was, for what was left to it", async () => {
    const person = await createUser();
    const device = await startDevice({ scope: "notes:rw photos:rw mail:r" });
    const fields = { "level:notes": "r", "level:mail": "none", duration: "month" };
    expect((await allowDevice(person, device, fields)).status).toBe(200);
    expect(await grantRows(person.name), "no grant before it is fetched").toEqual([]);
    const response = await poll(device);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const tokens = await tokensIn(response);
    expect(tokens).toMatchObject({ token_type: "bearer", scope: "notes:r photos:rw" });
    expect(await grantRows(person.name)).toMatchObject([
      { origin: "", label: TV, scope: "notes:r photos:rw", flow: "device" },
    ]);
    const app = appWith(person, tokens);
    expect((await app.put("/photos/a", "text")).status).toBe(201);
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/a", "text")).status).toBe(403);
    expect((await app.get("/mail/")).status).toBe(403);
    const next = await tokensIn(await refresh(tokens.refresh_token));
    expect(next.scope).toBe("notes:r photos:rw");
    advanceClock(30 * DAY_MS);
    expect(await oauthError(await refresh(next.refresh_token))).toEqual([400, "invalid_grant"]);
  });

  it("is told in the log of the person", async () => {
    const person = await createUser();
    await deviceTokens(person);
    expect(await activityRows(person.name)).toEqual([
      { kind: "app-allowed", app: TV, scope: "notes:rw" },
    ]);
  });

  it("authorization_pending as long as nobody has answered", async () => {
    freezeClock();
    const device = await startDevice();
    const before = await rowsButDevices();
    expect(await oauthError(await poll(device))).toEqual([400, "authorization_pending"]);
    advanceClock(5 * SECOND_MS);
    expect(await pollError(device)).toBe("authorization_pending");
    expect(await rowsButDevices()).toEqual(before);
  });

  it("slow_down when it asks too often: 5 seconds more from then on, each time", async () => {
    freezeClock();
    const device = await startDevice();
    const steps: [wait: number, expected: string][] = [
      [0, "authorization_pending"],
      [4, "slow_down"], // 10 from now on
      [9, "slow_down"], // 15
      [15, "authorization_pending"],
      [14, "slow_down"], // 20
      [20, "authorization_pending"],
    ];
    for (const [wait, expected] of steps) {
      advanceClock(wait * SECOND_MS);
      expect(await pollError(device), `after ${wait} seconds`).toBe(expected);
    }
  });

  it("does not have to wait once it was answered", async () => {
    const person = await createUser();
    const device = await startDevice();
    await poll(device);
    await allowDevice(person, device);
    expect((await poll(device)).status).toBe(200);
  });

  it.each(["deny", "", "ALLOW"])('access_denied when the person says "%s"', async (decision) => {
    const person = await createUser();
    const device = await startDevice();
    const before = await rowsButDevices();
    const fields = { decision, duration: "year" };
    expect((await typeCode(person, device.user_code, fields)).status).toBe(200);
    expect(await oauthError(await poll(device))).toEqual([400, "access_denied"]);
    expect((await allowDevice(person, device)).status, "that stands").toBe(400);
    expect(await pollError(device)).toBe("access_denied");
    expect(await rowsButDevices()).toEqual(before);
  });

  it("expired_token when ten minutes are over, allowed or not", async () => {
    const person = await createUser();
    const [waiting, allowed] = [await startDevice(), await startDevice()];
    await allowDevice(person, allowed);
    advanceClock(10 * MINUTE_MS - SECOND_MS);
    expect(await pollError(waiting)).toBe("authorization_pending");
    advanceClock(SECOND_MS);
    const before = await allRows();
    expect(await pollError(waiting)).toBe("expired_token");
    expect(await pollError(allowed)).toBe("expired_token");
    expect(await allRows()).toEqual(before);
  });

  it.each<[string, string, Record<string, string>]>([
    ["a code that nobody has", "invalid_grant", { device_code: "x".repeat(43) }],
    ["the code of another device", "invalid_grant", { client_id: "Somebody else" }],
    ["no code", "invalid_request", { device_code: "" }],
    ["no name", "invalid_request", { client_id: "" }],
  ])("%s: %s, and nothing changes", async (_, error, fields) => {
    const person = await createUser();
    const device = await startDevice();
    await allowDevice(person, device);
    const before = await allRows();
    expect(await oauthError(await poll(device, fields))).toEqual([400, error]);
    expect(await allRows()).toEqual(before);
    expect((await poll(device)).status).toBe(200);
  });

  it("what the person types is no device code", async () => {
    const person = await createUser();
    const device = await startDevice();
    await allowDevice(person, device);
    expect(await pollError({ device_code: device.user_code })).toBe("invalid_grant");
  });

  it("a parameter twice: invalid_request", async () => {
    const { device_code } = await startDevice();
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: TV,
      device_code,
    });
    form.append("device_code", device_code);
    expect(await oauthError(await askForTokens(form))).toEqual([400, "invalid_request"]);
  });

  it("a code that comes a second time is no good, and ends what came of the first", async () => {
    const person = await createUser();
    const device = await startDevice();
    await allowDevice(person, device);
    const tokens = await tokensIn(await poll(device));
    expect((await appWith(person, tokens).get("/notes/")).status).toBe(200);
    expect(await oauthError(await poll(device))).toEqual([400, "invalid_grant"]);
    expect((await appWith(person, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await grantRows(person.name)).toEqual([]);
  });

  it("of two polls at once one gets tokens at most, and no two grants come of them", async () => {
    const person = await createUser();
    const device = await startDevice();
    await allowDevice(person, device);
    const statuses = (await Promise.all([poll(device), poll(device)])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect((await grantRows(person.name)).length).toBeLessThanOrEqual(1);
  });

  it("of two people who answer at once one is taken, and the other is told", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const device = await startDevice();
    const answers = await Promise.all([allowDevice(alice, device), allowDevice(bob, device)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    await tokensIn(await poll(device));
    const winner = answers[0]?.status === 200 ? alice : bob;
    const loser = winner === alice ? bob : alice;
    expect(await grantRows(winner.name)).toHaveLength(1);
    expect(await grantRows(loser.name)).toEqual([]);
    expect(await activityRows(winner.name)).toHaveLength(1);
    expect(await activityRows(loser.name), "nor does the log say so").toEqual([]);
  });
});

it("a device that was allowed and has not come back yet gets nothing after all was disconnected", async () => {
  const person = await createUser();
  const device = await startDevice();
  await allowDevice(person, device);
  await sendForm("/apps/disconnect-all", {}, { cookie: person.cookie });
  expect(await pollError(device)).toBe("invalid_grant");
  expect(await grantRows(person.name)).toEqual([]);
});

it("no two devices wait behind the same code", async () => {
  const codes = await Promise.all(Array.from({ length: 30 }, () => startDevice()));
  expect(new Set(codes.map(({ user_code }) => user_code)).size).toBe(30);
  const row = await env.DB.prepare("SELECT count(*) AS n FROM devices").first("n");
  expect(Number(row)).toBeGreaterThanOrEqual(30);
});
