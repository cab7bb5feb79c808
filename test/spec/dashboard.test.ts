/** What a person sees who is signed in: the address, the apps, and the end of their access. */

import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { appWith, oauthError, refresh, tokensOf } from "../support/oauth";
import { submitSignIn } from "../support/sign-in-forms";
import { allRows, grantRows } from "../support/rows";
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

const home = async ({ cookie }: TestUser): Promise<string> =>
  (await send("/", { headers: { Cookie: cookie } })).text();

const connectAt = async (
  person: TestUser,
  redirect_uri: string,
  scope = "notes:rw",
): Promise<TestApp> => {
  const { access_token } = fragmentParameters(await submitConsent(person, { redirect_uri, scope }));
  return new TestApp(person.name, access_token ?? "");
};

const questionFor = (app: string): string => `/apps/disconnect?${new URLSearchParams({ app })}`;

const disconnect = (person: TestUser, app: string): Promise<Response> =>
  sendForm(questionFor(app), {}, { cookie: person.cookie });

/** The origins that the page offers to disconnect, in its order. */
const listed = (html: string): (string | null)[] =>
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

  it("of somebody who is not signed in shows nobody's, and the ways in", async () => {
    const html = await (await send("/")).text();
    expect(html).not.toContain("@satchel.example");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/sign-in", "/sign-up"]));
  });

  it("says that no app is connected, and which could be", async () => {
    const person = await createUser();
    const html = await home(person);
    expect(mainText(html)).toContain("None yet");
    expect(listed(html)).toEqual([]);
  });

  it("§11.1 opens apps with one's address in the fragment, those one has and others", async () => {
    const person = await createUser();
    await connectAt(person, "https://mine.example/deep/path");
    const address = encodeURIComponent(`${person.name}@satchel.example`);
    const links = findElements(await home(person), "a")
      .map(({ href }) => href ?? "")
      .filter((href) => href.startsWith("https://"));
    expect(links.length).toBeGreaterThan(1);
    expect(links).toContain(`https://mine.example/deep/path#remotestorage=${address}`);
    for (const link of links) {
      expect(new URL(link).hash).toBe(`#remotestorage=${address}`);
    }
  });

  it("lists each app once by its origin, with what it may do, since when and until when", async () => {
    const person = await createUser();
    await connectAt(person, "https://a.example/one", "notes:r");
    await connectAt(person, "https://a.example/two", "notes:rw photos:r");
    await connectAt(person, "https://a.example:8443/", "*:rw");
    await submitConsent(person, { redirect_uri: "http://localhost:3000" }, { duration: "month" });
    const html = await home(person);
    expect(listed(html)).toEqual([
      "https://a.example",
      "https://a.example:8443",
      "http://localhost:3000",
    ]);
    const text = mainText(html);
    expect(text).toMatch(/https:\/\/a\.example\s+notes \(read and change\), photos \(read only\)/);
    expect(text).toMatch(/https:\/\/a\.example:8443\s+everything \(read and change\)/);
    const now = new Date();
    expect(text).toContain(String(now.getUTCFullYear()));
    expect(text.match(/until \w+ \d+, \d{4}/g)).toHaveLength(1);
  });

  it("lists the latest of many apps, and leads to all of them", async () => {
    const person = await createUser();
    for (let i = 0; i < 8; i++) await connectAt(person, `https://app${i}.example/`);
    const html = await home(person);
    expect(listed(html)).toEqual([2, 3, 4, 5, 6, 7].map((i) => `https://app${i}.example`));
    expect(mainText(html)).toContain("All about your 8 apps");
  });

  it("does not list what has expired", async () => {
    const person = await createUser();
    await submitConsent(person, {}, { duration: "month" });
    expect(listed(await home(person))).toHaveLength(1);
    advanceClock(31 * DAY_MS);
    // The session is over as well.
    const signedIn = { ...person, cookie: sessionCookie(await submitSignIn(person.name)) };
    expect(await home(signedIn)).toContain(`${person.name}@`);
    expect(listed(await home(signedIn))).toEqual([]);
  });

  it("does not list other people's apps", async () => {
    const [one, other] = [await createUser(), await createUser()];
    await connectAt(one, "https://one.example/");
    await connectAt(other, "https://other.example/");
    expect(await home(one)).not.toContain("other.example");
  });

  it("has nothing in itself that came from an app and could run", async () => {
    const person = await createUser();
    await connectAt(
      person,
      "https://xn--bcher-kva.example/?<>\"'".replace(/[<>"']/g, encodeURIComponent),
    );
    expect(findInlineCode(await home(person))).toEqual([]);
  });
});

describe("Disconnecting an app", () => {
  it("stops its token with the very next request", async () => {
    const person = await createUser();
    const app = await connectAt(person, "https://a.example/");
    await app.put("/notes/a", "text");
    const response = await disconnect(person, "https://a.example");
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/apps?after=disconnected",
    ]);
    for (const refused of [
      await app.get("/notes/a"),
      await app.head("/notes/a"),
      await app.put("/notes/a", "evil"),
      await app.delete("/notes/a"),
    ]) {
      expect(refused.status).toBe(401);
    }
    expect(listed(await home(person))).toEqual([]);
    const again = await connectApp(person);
    expect(await (await again.get("/notes/a")).text()).toBe("text");
  });

  it("ends all it has: tokens of every device, and what could be refreshed", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    const tokens = await tokensOf(person);
    expect((await disconnect(person, "https://app.example")).status).toBe(303);
    expect((await app.get("/notes/")).status).toBe(401);
    expect((await appWith(person, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await grantRows(person.name)).toEqual([]);
  });

  it("leaves the person's other apps alone", async () => {
    const person = await createUser();
    await connectAt(person, "https://a.example/");
    const others = [
      await connectAt(person, "https://a.example:8443/"),
      await connectAt(person, "https://b.example/"),
      await connectAt(person, "https://sub.a.example/"),
    ];
    await disconnect(person, "https://a.example");
    for (const other of others) expect((await other.get("/notes/")).status).toBe(200);
    expect(listed(await home(person))).not.toContain("https://a.example");
  });

  it("leaves other people's alone, though it is the same app", async () => {
    const [one, other] = [await createUser(), await createUser()];
    const [ones, others] = [await connectApp(one), await connectApp(other)];
    await disconnect(one, "https://app.example");
    expect((await ones.get("/")).status).toBe(401);
    expect((await others.get("/")).status).toBe(200);
    expect(await grantRows(other.name)).toHaveLength(1);
  });

  it.each(["", "https://nobody.example", "%", "*", "https://app.example/", "' OR 1=1 --"])(
    "that is not there changes nothing: %j",
    async (origin) => {
      const person = await createUser();
      const app = await connectApp(person);
      const before = await allRows();
      expect((await disconnect(person, origin)).status).toBe(303);
      expect(await allRows()).toEqual(before);
      expect((await app.get("/")).status).toBe(200);
    },
  );

  it("takes somebody who is signed in: others are asked to, and nothing ends", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    for (const cookie of ["", "__Host-session=made-up"]) {
      const response = await sendForm(questionFor("https://app.example"), {}, { cookie });
      expect(response.headers.get("location")).toMatch(/^\/sign-in/);
    }
    expect((await app.get("/")).status).toBe(200);
  });

  it("is not done by a link", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await send(questionFor("https://app.example"), { headers: { Cookie: person.cookie } });
    expect((await app.get("/")).status).toBe(200);
  });

  it("is asked about where the home page leads to", async () => {
    const person = await createUser();
    const app = await connectAt(person, "http://[::1]:3000/");
    const [origin] = listed(await home(person));
    expect(origin).toBe("http://[::1]:3000");
    const headers = { Cookie: person.cookie };
    const html = await (await send(questionFor(origin ?? ""), { headers })).text();
    const form = findElements(html, "form").find(
      ({ action }) => action === questionFor(origin ?? ""),
    );
    expect(form).toMatchObject({ method: "post" });
    expect((await app.get("/notes/")).status).toBe(200);
    await disconnect(person, origin ?? "");
    expect((await app.get("/notes/")).status).toBe(401);
  });
});
