/** The home page, and disconnecting an app that it lists. */

import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { appWithTokens, oauthError, obtainTokens, refreshTokens } from "../support/oauth";
import {
  connectApp,
  createUser,
  fragmentParameters,
  ORIGIN,
  send,
  sendForm,
  sessionCookie,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { allRows, grantRows } from "../support/rows";
import { submitSignIn } from "../support/sign-in-forms";

const home = async ({ cookie }: TestUser): Promise<string> =>
  (await send("/", { headers: { Cookie: cookie } })).text();

const connectAt = async (
  user: TestUser,
  redirect_uri: string,
  scope = "notes:rw",
): Promise<TestApp> => {
  const { access_token } = fragmentParameters(await submitConsent(user, { redirect_uri, scope }));
  return new TestApp(user.name, access_token ?? "");
};

const disconnectPath = (app: string): string => `/apps/disconnect?${new URLSearchParams({ app })}`;

const disconnect = (user: TestUser, app: string): Promise<Response> =>
  sendForm(disconnectPath(app), {}, { cookie: user.cookie });

/** The origins of the listed apps, in the order of the page. */
const listedOrigins = (html: string): (string | null)[] =>
  findElements(html, "a")
    .map(({ href }) => new URL(href ?? "", ORIGIN))
    .filter(({ pathname }) => pathname === "/apps/disconnect")
    .map(({ searchParams }) => searchParams.get("app"));

describe("The home page", () => {
  it("shows the address that apps ask for, with a button to copy it", async () => {
    const alice = await createUser("alice");
    const html = await home(alice);
    expect(mainText(html)).toContain("alice@satchel.example");
    const target = findElements(html, "button").find((button) => "data-copy" in button)?.[
      "data-copy"
    ];
    expect(html).toMatch(new RegExp(`id="${target}"[^>]*>\\s*alice@satchel.example\\s*<`));
  });

  it("without a sign-in shows no address, but links to sign up and in", async () => {
    const html = await (await send("/")).text();
    expect(html).not.toContain("@satchel.example");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/sign-in", "/sign-up"]));
  });

  it("says that no app is connected, and suggests some", async () => {
    const user = await createUser();
    const html = await home(user);
    expect(mainText(html)).toContain("No apps yet");
    expect(listedOrigins(html)).toEqual([]);
  });

  it("§11.1 opens connected and suggested apps with the user's address in the fragment", async () => {
    const user = await createUser();
    await connectAt(user, "https://mine.example/deep/path/");
    const address = encodeURIComponent(`${user.name}@satchel.example`);
    const links = findElements(await home(user), "a")
      .map(({ href }) => href ?? "")
      .filter((href) => href.startsWith("https://"));
    expect(links.length).toBeGreaterThan(1);
    expect(links).toContain(`https://mine.example/deep/path/#remotestorage=${address}`);
    for (const link of links) {
      expect(new URL(link).hash).toBe(`#remotestorage=${address}`);
    }
  });

  it("lists each app once by its origin, with its permissions and when its access began and ends", async () => {
    const user = await createUser();
    await connectAt(user, "https://a.example/one", "notes:r");
    await connectAt(user, "https://a.example/two", "notes:rw photos:r");
    await connectAt(user, "https://a.example:8443/", "*:rw");
    await submitConsent(user, { redirect_uri: "http://localhost:3000" }, { duration: "month" });
    const html = await home(user);
    expect(listedOrigins(html)).toEqual([
      "https://a.example",
      "https://a.example:8443",
      "http://localhost:3000",
    ]);
    const text = mainText(html);
    expect(text).toMatch(/https:\/\/a\.example\s+notes \(read and write\), photos \(read only\)/);
    expect(text).toMatch(/https:\/\/a\.example:8443\s+all data \(read and write\)/);
    const now = new Date();
    expect(text).toContain(String(now.getUTCFullYear()));
    expect(text.match(/Access expires \w+ \d+, \d{4}/g)).toHaveLength(1);
  });

  it("lists the latest of many apps, with a link to all of them", async () => {
    const user = await createUser();
    for (let i = 0; i < 8; i++) await connectAt(user, `https://app${i}.example/`);
    const html = await home(user);
    expect(listedOrigins(html)).toEqual([2, 3, 4, 5, 6, 7].map((i) => `https://app${i}.example`));
    expect(mainText(html)).toContain("Manage all 8 apps");
  });

  it("does not list expired apps", async () => {
    const user = await createUser();
    await submitConsent(user, {}, { duration: "month" });
    expect(listedOrigins(await home(user))).toHaveLength(1);
    advanceClock(31 * DAY_MS);
    // The session has expired as well.
    const signedIn = { ...user, cookie: sessionCookie(await submitSignIn(user.name)) };
    expect(await home(signedIn)).toContain(`${user.name}@`);
    expect(listedOrigins(await home(signedIn))).toEqual([]);
  });

  it("does not list apps of other users", async () => {
    const [one, other] = [await createUser(), await createUser()];
    await connectAt(one, "https://one.example/");
    await connectAt(other, "https://other.example/");
    expect(await home(one)).not.toContain("other.example");
  });

  it("has no inline code from an app", async () => {
    const user = await createUser();
    await connectAt(
      user,
      "https://xn--bcher-kva.example/?<>\"'".replace(/[<>"']/g, encodeURIComponent),
    );
    expect(findInlineCode(await home(user))).toEqual([]);
  });
});

describe("Disconnecting an app", () => {
  it("invalidates its token for the very next request", async () => {
    const user = await createUser();
    const app = await connectAt(user, "https://a.example/");
    await app.put("/notes/a", "text");
    const response = await disconnect(user, "https://a.example");
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/apps?done=disconnected",
    ]);
    for (const refused of [
      await app.get("/notes/a"),
      await app.head("/notes/a"),
      await app.put("/notes/a", "evil"),
      await app.delete("/notes/a"),
    ]) {
      expect(refused.status).toBe(401);
    }
    expect(listedOrigins(await home(user))).toEqual([]);
    const again = await connectApp(user);
    expect(await (await again.get("/notes/a")).text()).toBe("text");
  });

  it("revokes all its grants: tokens of every device, and refresh tokens", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const tokens = await obtainTokens(user);
    expect((await disconnect(user, "https://app.example")).status).toBe(303);
    expect((await app.get("/notes/")).status).toBe(401);
    expect((await appWithTokens(user, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await grantRows(user.name)).toEqual([]);
  });

  it("leaves the user's other apps alone", async () => {
    const user = await createUser();
    await connectAt(user, "https://a.example/");
    const others = [
      await connectAt(user, "https://a.example:8443/"),
      await connectAt(user, "https://b.example/"),
      await connectAt(user, "https://sub.a.example/"),
    ];
    await disconnect(user, "https://a.example");
    for (const other of others) expect((await other.get("/notes/")).status).toBe(200);
    expect(listedOrigins(await home(user))).not.toContain("https://a.example");
  });

  it("leaves the same app of other users alone", async () => {
    const [one, other] = [await createUser(), await createUser()];
    const [ones, others] = [await connectApp(one), await connectApp(other)];
    await disconnect(one, "https://app.example");
    expect((await ones.get("/")).status).toBe(401);
    expect((await others.get("/")).status).toBe(200);
    expect(await grantRows(other.name)).toHaveLength(1);
  });

  it.each(["", "https://nobody.example", "%", "*", "https://app.example/", "' OR 1=1 --"])(
    "that is not connected changes nothing: %j",
    async (origin) => {
      const user = await createUser();
      const app = await connectApp(user);
      const before = await allRows();
      expect((await disconnect(user, origin)).status).toBe(303);
      expect(await allRows()).toEqual(before);
      expect((await app.get("/")).status).toBe(200);
    },
  );

  it("requires a sign-in", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    for (const cookie of ["", "__Host-session=made-up"]) {
      const response = await sendForm(disconnectPath("https://app.example"), {}, { cookie });
      expect(response.headers.get("location")).toMatch(/^\/sign-in/);
    }
    expect((await app.get("/")).status).toBe(200);
  });

  it("is not done by a GET", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await send(disconnectPath("https://app.example"), { headers: { Cookie: user.cookie } });
    expect((await app.get("/")).status).toBe(200);
  });

  it("is confirmed on the page that the home page links to", async () => {
    const user = await createUser();
    const app = await connectAt(user, "http://[::1]:3000/");
    const [origin] = listedOrigins(await home(user));
    expect(origin).toBe("http://[::1]:3000");
    const headers = { Cookie: user.cookie };
    const html = await (await send(disconnectPath(origin ?? ""), { headers })).text();
    const form = findElements(html, "form").find(
      ({ action }) => action === disconnectPath(origin ?? ""),
    );
    expect(form).toMatchObject({ method: "post" });
    expect((await app.get("/notes/")).status).toBe(200);
    await disconnect(user, origin ?? "");
    expect((await app.get("/notes/")).status).toBe(401);
  });
});
