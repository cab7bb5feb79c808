/** Device authorization: RFC 8628. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import {
  allowDevice,
  DEVICE_NAME,
  enterUserCode,
  obtainDeviceTokens,
  pollDevice,
  pollError,
  postDeviceRequest,
  startDevice,
} from "../support/devices";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import {
  appWithTokens,
  oauthError,
  parseTokens,
  postTokenRequest,
  refreshTokens,
} from "../support/oauth";
import { createUser, locationOf, ORIGIN, send, sendForm } from "../support/provider";
import { accountId, activityRows, allRows, grantRows } from "../support/rows";
import { uniqueClientAddress } from "../support/sign-in-forms";

/** All rows except those of devices, which every poll changes. */
async function rowsExceptDevices(): Promise<Record<string, unknown[]>> {
  const { devices: _, ...rows } = await allRows();
  return rows;
}

/** More requests than a limit of 30 a minute lets pass, even if the minute ends between them. */
const MORE_THAN_LIMITED = 65;

const TOO_MANY_SCOPES = Array.from({ length: 17 }, (_, i) => `m${i}:r`).join(" ");
const TOO_LONG_SCOPE = Array.from({ length: 8 }, (_, i) => `${"m".repeat(62)}${i}:r`).join(" ");

it("A device that asks for everything needs a recent sign-in, after which its code is filled in", async () => {
  const user = await createUser();
  const device = await startDevice({ scope: "*:rw" });
  await env.DB.prepare("UPDATE sessions SET proved_at = 0 WHERE account = ?")
    .bind(await accountId(user.name))
    .run();
  for (const fields of [{}, { decision: "allow", duration: "year" }]) {
    const refused = await enterUserCode(user, device.user_code, fields);
    const { pathname, searchParams } = new URL(locationOf(refused), ORIGIN);
    expect([refused.status, pathname]).toEqual([303, "/confirm"]);
    const page = await send(searchParams.get("next") ?? "", { headers: { Cookie: user.cookie } });
    expect(fieldValue(await page.text(), "user_code")).toBe(device.user_code);
  }
  expect(await pollError(device)).toBe("authorization_pending");
});

describe("RFC 8628 §3.1 A device authorization request", () => {
  it("is rate limited by address, because each one inserts a row", async () => {
    const headers = uniqueClientAddress();
    let response = await postDeviceRequest({ scope: "" }, headers);
    for (let i = 0; i < MORE_THAN_LIMITED && response.status === 400; i++) {
      response = await postDeviceRequest({ scope: "" }, headers);
    }
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://device.example");
    const before = await allRows();
    expect(await oauthError(await postDeviceRequest({}, headers))).toEqual([429, "slow_down"]);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 8628 §3.2 returns two codes, and the URL at which to enter the short one", async () => {
    const response = await postDeviceRequest();
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

  it("stores only the hash of the device code", async () => {
    const { device_code } = await startDevice();
    expect(JSON.stringify(await allRows())).not.toContain(device_code);
  });

  it.each<[string, string, Record<string, string>]>([
    ["without a name", "invalid_request", { client_id: "" }],
    ["with a name that is too long", "invalid_request", { client_id: "x".repeat(51) }],
    ["with a line break in its name", "invalid_request", { client_id: "My\nTV" }],
    [
      "with a name that reverses the text direction",
      "invalid_request",
      { client_id: "TV \u202egpj" },
    ],
    ["with a name that is an HTML tag", "invalid_request", { client_id: "<b>TV</b>" }],
    [
      "with a name that looks like an origin",
      "invalid_request",
      { client_id: "https://a.example" },
    ],
    ["with an invisible name", "invalid_request", { client_id: "\u3164" }],
    ["with stacked combining marks", "invalid_request", { client_id: `a${"\u0301".repeat(9)}` }],
    ["with too many scopes", "invalid_scope", { scope: TOO_MANY_SCOPES }],
    ["with a scope that is too long", "invalid_scope", { scope: TOO_LONG_SCOPE }],
    ["with a name of spaces", "invalid_request", { client_id: "   " }],
    ["without a scope", "invalid_scope", { scope: "" }],
    ["with a malformed scope", "invalid_scope", { scope: "notes:w" }],
    ["with the reserved module public", "invalid_scope", { scope: "public:r" }],
  ])("%s is refused with %s, and nothing is stored", async (_, error, fields) => {
    const before = await allRows();
    const response = await postDeviceRequest(fields);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://device.example");
    expect(await oauthError(response)).toEqual([400, error]);
    expect(await allRows()).toEqual(before);
  });

  it("that is not a form, or has a parameter twice, is refused with invalid_request", async () => {
    const before = await allRows();
    for (const [body, type] of [
      [JSON.stringify({ client_id: DEVICE_NAME, scope: "notes:r" }), "application/json"],
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

describe("RFC 8628 §3.3 The page where a user enters the code", () => {
  it("redirects to sign in first, and then back", async () => {
    const response = await send("/device?user_code=BCDF-GHJK");
    const target = new URL(response.headers.get("location") ?? "", ORIGIN);
    expect([response.status, target.pathname]).toEqual([303, "/sign-in"]);
    expect(target.searchParams.get("next")).toBe("/device?user_code=BCDF-GHJK");
  });

  it("accepts the code in any case, with a hyphen, spaces or neither", async () => {
    const user = await createUser();
    const { user_code } = await startDevice();
    for (const typed of [
      user_code,
      user_code.toLowerCase(),
      user_code.replace("-", ""),
      ` ${user_code.replace("-", " ")} `,
      user_code.split("").join(" "),
    ]) {
      const text = mainText(await (await enterUserCode(user, typed)).text());
      expect(text).toMatch(/^“ ?Living room TV ?” wants to access your storage/);
    }
  });

  it("RFC 8628 §5.4 says that the name is unverified, shows the code to compare, and grants nothing yet", async () => {
    const user = await createUser();
    const { user_code } = await startDevice({ scope: "notes:rw photos:r" });
    const before = await allRows();
    const response = await enterUserCode(user, user_code);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(mainText(html)).toMatch(/not verified.*Continue only if you started this/);
    expect(mainText(html)).toContain(user_code);
    expect(findElements(html, "select").map(({ name }) => name)).toEqual([
      "level:notes",
      "level:photos",
      "duration",
    ]);
    expect(findInlineCode(html)).toEqual([]);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 8628 §3.3.1 only fills in the code of a complete URL, to be compared", async () => {
    const user = await createUser();
    const { verification_uri_complete, user_code } = await startDevice();
    const before = await allRows();
    const headers = { Cookie: user.cookie };
    const html = await (await send(verification_uri_complete, { headers })).text();
    expect(fieldValue(html, "user_code")).toBe(user_code);
    expect(mainText(html)).toContain("your own device is showing exactly this code");
    expect(mainText(html)).not.toContain(DEVICE_NAME);
    expect(await allRows()).toEqual(before);
  });

  it("does not fill in what is not a code", async () => {
    const headers = { Cookie: (await createUser()).cookie };
    const query = new URLSearchParams({ user_code: '"><script>alert(1)</script>' });
    const html = await (await send(`/device?${query}`, { headers })).text();
    expect(fieldValue(html, "user_code")).toBe("");
    expect(findInlineCode(html)).toEqual([]);
  });

  it.each(["", "BCDF", "AEIO-UAEI", "BCDF-GHJKL", "____-____", "%", "\u0000"])(
    'refuses what is not a code, "%s", with 400, and nothing changes',
    async (typed) => {
      const user = await createUser();
      const device = await startDevice();
      const before = await allRows();
      const response = await allowDevice(user, { user_code: typed });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('role="alert"');
      expect(await allRows()).toEqual(before);
      expect(await pollError(device)).toBe("authorization_pending");
    },
  );

  it("refuses an expired code", async () => {
    const user = await createUser();
    const device = await startDevice();
    advanceClock(10 * MINUTE_MS);
    const before = await allRows();
    expect((await enterUserCode(user, device.user_code)).status).toBe(400);
    expect((await allowDevice(user, device)).status).toBe(400);
    expect(await allRows()).toEqual(before);
    expect(await pollError(device)).toBe("expired_token");
  });

  it("RFC 8628 §5.1 limits guessing: 429 with Retry-After, even for the right code", async () => {
    const user = await createUser();
    const device = await startDevice();
    const headers = { cookie: user.cookie, "CF-Connecting-IP": "2001:db8:77::1" };
    const guess = (user_code: string) =>
      sendForm("/device", { user_code, decision: "allow", duration: "year" }, headers);
    const statuses = [];
    while (statuses.at(-1) !== 429 && statuses.length < MORE_THAN_LIMITED) {
      statuses.push((await guess("BBBB-BBBB")).status);
    }
    expect([...new Set(statuses)]).toEqual([400, 429]);
    const refused = await guess(device.user_code);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await pollError(device)).toBe("authorization_pending");
    expect(await grantRows(user.name)).toEqual([]);
  });

  it("RFC 6749 §10.12 refuses forms of another site", async () => {
    const user = await createUser();
    const { user_code } = await startDevice();
    const before = await allRows();
    const fields = { user_code, decision: "allow", duration: "year" };
    const headers = { cookie: user.cookie, Origin: "https://evil.example" };
    expect((await sendForm("/device", fields, headers)).status).toBe(403);
    expect(await allRows()).toEqual(before);
  });

  it.each<[string, Record<string, string>]>([
    ["allows nothing", { "level:notes": "none" }],
    ["has an unknown level", { "level:notes": "rwx" }],
    ["has an unknown duration", { duration: "forever" }],
  ])("is shown again with 400 if the form %s, and the device stays pending", async (_, fields) => {
    const user = await createUser();
    const device = await startDevice();
    const before = await allRows();
    const response = await allowDevice(user, device, fields);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('role="alert"');
    expect(await allRows()).toEqual(before);
    expect(await pollError(device)).toBe("authorization_pending");
  });
});

describe("RFC 8628 §3.4 A device access token request", () => {
  it("RFC 8628 §3.5 returns an access and a refresh token, for the scopes that were allowed", async () => {
    const user = await createUser();
    const device = await startDevice({ scope: "notes:rw photos:rw mail:r" });
    const fields = { "level:notes": "r", "level:mail": "none", duration: "month" };
    expect((await allowDevice(user, device, fields)).status).toBe(200);
    expect(await grantRows(user.name), "no grant before the code is redeemed").toEqual([]);
    const response = await pollDevice(device);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const tokens = await parseTokens(response);
    expect(tokens).toMatchObject({ token_type: "bearer", scope: "notes:r photos:rw" });
    expect(await grantRows(user.name)).toMatchObject([
      { origin: "", label: DEVICE_NAME, scope: "notes:r photos:rw", flow: "device" },
    ]);
    const app = appWithTokens(user, tokens);
    expect((await app.put("/photos/a", "text")).status).toBe(201);
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/a", "text")).status).toBe(403);
    expect((await app.get("/mail/")).status).toBe(403);
    const next = await parseTokens(await refreshTokens(tokens.refresh_token));
    expect(next.scope).toBe("notes:r photos:rw");
    advanceClock(30 * DAY_MS);
    expect(await oauthError(await refreshTokens(next.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
  });

  it("adds nothing to the activity log: the consent is recorded there", async () => {
    const user = await createUser();
    await obtainDeviceTokens(user);
    expect(await activityRows(user.name)).toEqual([
      { kind: "app-allowed", app: DEVICE_NAME, scope: "notes:rw" },
    ]);
  });

  it("is refused with authorization_pending until the user decides", async () => {
    freezeClock();
    const device = await startDevice();
    const before = await rowsExceptDevices();
    expect(await oauthError(await pollDevice(device))).toEqual([400, "authorization_pending"]);
    advanceClock(5 * SECOND_MS);
    expect(await pollError(device)).toBe("authorization_pending");
    expect(await rowsExceptDevices()).toEqual(before);
  });

  it("is refused with slow_down if it comes too soon: each time the interval grows by 5 seconds", async () => {
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

  it("does not have to wait after the decision", async () => {
    const user = await createUser();
    const device = await startDevice();
    await pollDevice(device);
    await allowDevice(user, device);
    expect((await pollDevice(device)).status).toBe(200);
  });

  it.each(["deny", "", "ALLOW"])(
    'is refused with access_denied if the user decides "%s"',
    async (decision) => {
      const user = await createUser();
      const device = await startDevice();
      const before = await rowsExceptDevices();
      const fields = { decision, duration: "year" };
      expect((await enterUserCode(user, device.user_code, fields)).status).toBe(200);
      expect(await oauthError(await pollDevice(device))).toEqual([400, "access_denied"]);
      expect((await allowDevice(user, device)).status, "the decision is final").toBe(400);
      expect(await pollError(device)).toBe("access_denied");
      expect(await rowsExceptDevices()).toEqual(before);
    },
  );

  it("is refused with expired_token after ten minutes, allowed or not", async () => {
    const user = await createUser();
    const [pending, allowed] = [await startDevice(), await startDevice()];
    await allowDevice(user, allowed);
    advanceClock(10 * MINUTE_MS - SECOND_MS);
    expect(await pollError(pending)).toBe("authorization_pending");
    advanceClock(SECOND_MS);
    const before = await allRows();
    expect(await pollError(pending)).toBe("expired_token");
    expect(await pollError(allowed)).toBe("expired_token");
    expect(await allRows()).toEqual(before);
  });

  it.each<[string, string, Record<string, string>]>([
    ["an unknown code", "invalid_grant", { device_code: "x".repeat(43) }],
    ["the code of another device", "invalid_grant", { client_id: "Somebody else" }],
    ["no code", "invalid_request", { device_code: "" }],
    ["no name", "invalid_request", { client_id: "" }],
  ])("with %s is refused with %s, and nothing changes", async (_, error, fields) => {
    const user = await createUser();
    const device = await startDevice();
    await allowDevice(user, device);
    const before = await allRows();
    expect(await oauthError(await pollDevice(device, fields))).toEqual([400, error]);
    expect(await allRows()).toEqual(before);
    expect((await pollDevice(device)).status).toBe(200);
  });

  it("with the user code is refused", async () => {
    const user = await createUser();
    const device = await startDevice();
    await allowDevice(user, device);
    expect(await pollError({ device_code: device.user_code })).toBe("invalid_grant");
  });

  it("with a parameter twice is refused with invalid_request", async () => {
    const { device_code } = await startDevice();
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: DEVICE_NAME,
      device_code,
    });
    form.append("device_code", device_code);
    expect(await oauthError(await postTokenRequest(form))).toEqual([400, "invalid_request"]);
  });

  it("with a code that was used more than a minute ago is refused, and revokes the grant", async () => {
    const user = await createUser();
    const device = await startDevice();
    await allowDevice(user, device);
    const tokens = await parseTokens(await pollDevice(device));
    expect((await appWithTokens(user, tokens).get("/notes/")).status).toBe(200);
    advanceClock(MINUTE_MS);
    expect(await oauthError(await pollDevice(device))).toEqual([400, "invalid_grant"]);
    expect((await appWithTokens(user, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await grantRows(user.name)).toEqual([]);
  });

  it("sent twice at once, or again because the response was lost, gets the same refresh token, and makes one grant", async () => {
    const user = await createUser();
    const device = await startDevice();
    await allowDevice(user, device);
    const responses = await Promise.all([pollDevice(device), pollDevice(device)]);
    const tokens = await Promise.all([...responses, await pollDevice(device)].map(parseTokens));
    expect(new Set(tokens.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    expect(await grantRows(user.name)).toHaveLength(1);
  });

  it("of two users who allow it at once makes one grant, and tells the other", async () => {
    const [alice, bob] = [await createUser(), await createUser()];
    const device = await startDevice();
    const responses = await Promise.all([allowDevice(alice, device), allowDevice(bob, device)]);
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400]);
    await parseTokens(await pollDevice(device));
    const winner = responses[0]?.status === 200 ? alice : bob;
    const loser = winner === alice ? bob : alice;
    expect(await grantRows(winner.name)).toHaveLength(1);
    expect(await grantRows(loser.name)).toEqual([]);
    expect(await activityRows(winner.name)).toHaveLength(1);
    expect(await activityRows(loser.name), "nor is it in the activity log").toEqual([]);
  });
});

it("A device that was allowed but has not polled yet gets no tokens after all apps are disconnected", async () => {
  const user = await createUser();
  const device = await startDevice();
  await allowDevice(user, device);
  await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
  expect(await pollError(device)).toBe("invalid_grant");
  expect(await grantRows(user.name)).toEqual([]);
});

it("No two devices have the same user code", async () => {
  const codes = await Promise.all(Array.from({ length: 30 }, () => startDevice()));
  expect(new Set(codes.map(({ user_code }) => user_code)).size).toBe(30);
  const row = await env.DB.prepare("SELECT count(*) AS n FROM devices").first("n");
  expect(Number(row)).toBeGreaterThanOrEqual(30);
});
