/** Signing in, signing out, and the session's cookie. */

import { beforeAll, describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { withFault } from "../support/fault-injection";
import { fieldValue, findInlineCode, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  ORIGIN,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  signedInUser,
  submitSignIn,
  submitSignUp,
  uniqueClientAddress,
} from "../support/sign-in-forms";

/** To a provider whose own address no setting says. */
const sendAnywhere = sendWithSettings({ ORIGIN: "" });

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

describe("Signing in", () => {
  it("§10.6 accepts name and password, and leads to the home page", async () => {
    const response = await submitSignIn("alice");
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(await signedInUser(sessionCookie(response))).toBe("alice");
  });

  it("accepts the name in capitals or with spaces around it", async () => {
    for (const name of ["ALICE", " alice "]) {
      expect(await signedInUser(sessionCookie(await submitSignIn(name)))).toBe("alice");
    }
  });

  it("accepts a password however a keyboard composes it (NFKC)", async () => {
    const name = uniqueUserName();
    const typed = "Ångström ﬁne １２３";
    expect((await submitSignUp(name, typed.normalize("NFD"))).status).toBe(303);
    for (const same of [typed.normalize("NFC"), typed.normalize("NFKC")]) {
      expect((await submitSignIn(name, same)).status).toBe(303);
    }
    expect((await submitSignIn(name, "Angstrom fine 123")).status).toBe(403);
  });

  it.each([
    ["a wrong password", "alice", "wrong horse battery"],
    ["no password", "alice", ""],
    ["the password in capitals", "alice", PASSWORD.toUpperCase()],
    ["an unknown name", "nobody-here", PASSWORD],
    ["an invalid name", "<script>alert(1)</script>", PASSWORD],
    ["no name", "", PASSWORD],
    ["a very long password", "alice", "x".repeat(5000)],
  ])("with %s starts no session", async (_, name, password) => {
    const before = await allRows();
    const response = await submitSignIn(name, password);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    const html = await response.text();
    expect(mainText(html)).toContain("The name or password is wrong.");
    expect(findInlineCode(html)).toEqual([]);
    expect(await allRows()).toEqual(before);
    expect((await submitSignIn("alice")).status).toBe(303); // which resets the count of wrong ones
  });

  it("with a wrong password does the same work, and is answered alike, whether or not the name exists", async () => {
    const attempt = async (name: string) => {
      const { calls, result } = await withFault(null, () => submitSignIn(name, "wrong password"));
      return { calls, response: result };
    };
    const user = await createUser();
    const [known, unknown] = [await attempt(user.name), await attempt("zz-top")];
    expect(known.calls).toEqual(["DB.first", "PASSWORDS.recordAttempt", "PASSWORDS.verify"]);
    expect(unknown.calls).toEqual(known.calls);
    expect(unknown.response.status).toBe(known.response.status);
    expect([...unknown.response.headers]).toEqual([...known.response.headers]);
    expect((await unknown.response.text()).replaceAll("zz-top", "NAME")).toBe(
      (await known.response.text()).replaceAll(user.name, "NAME"),
    );
  });
});

describe("The session's cookie", () => {
  it("is for this host only, over TLS, and hidden from scripts", async () => {
    for (const response of [await submitSignIn("alice"), await submitSignUp(uniqueUserName())]) {
      const [pair = "", ...attributes] = response.headers.getSetCookie()[0]?.split("; ") ?? [];
      expect(pair).toMatch(/^__Host-session=[\w-]{43,}$/);
      expect(new Set(attributes)).toEqual(
        new Set(["HttpOnly", "Secure", "SameSite=Lax", "Path=/", `Max-Age=${30 * 24 * 60 * 60}`]),
      );
    }
  });

  it.each([
    ["http://localhost:8000", /^__Host-session-8000=.*; Secure/],
    ["http://127.0.0.1:8000", /^__Host-session-8000=.*; Secure/],
    ["http://[::1]:8000", /^__Host-session-8000=.*; Secure/],
    ["http://satchel.example", /^session=(?!.*Secure)/],
    ["http://localhost.evil.example", /^session=(?!.*Secure)/],
  ])("of a provider at %s is one that browsers accept there", async (origin, expected) => {
    const response = await sendAnywhere(`${origin}/sign-in`, {
      method: "POST",
      body: new URLSearchParams({ name: "alice", password: PASSWORD }),
      headers: { Origin: origin, ...uniqueClientAddress() },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get("set-cookie")).toMatch(expected);
    const headers = { Cookie: sessionCookie(response) };
    expect(await (await sendAnywhere(`${origin}/`, { headers })).text()).toContain("alice@");
  });

  it("is new with each sign-in; the previous one becomes invalid, another browser's stays valid", async () => {
    const user = await createUser();
    const otherBrowser = sessionCookie(await submitSignIn(user.name));
    const next = sessionCookie(await submitSignIn(user.name, PASSWORD, { cookie: user.cookie }));
    expect(next).not.toBe(user.cookie);
    expect(await signedInUser(user.cookie)).toBe("");
    expect(await signedInUser(next)).toBe(user.name);
    expect(await signedInUser(otherBrowser)).toBe(user.name);
  });

  it("is never one that an attacker has chosen", async () => {
    const planted = `__Host-session=${"A".repeat(43)}`;
    const user = await createUser();
    const cookie = sessionCookie(await submitSignIn(user.name, PASSWORD, { cookie: planted }));
    expect(cookie).not.toBe(planted);
    expect(await signedInUser(planted)).toBe("");
  });

  it("belongs to the user who signed in last", async () => {
    const [first, second] = [await createUser(), await createUser()];
    const cookie = sessionCookie(
      await submitSignIn(second.name, PASSWORD, { cookie: first.cookie }),
    );
    expect(await signedInUser(cookie)).toBe(second.name);
    expect(await signedInUser(first.cookie)).toBe("");
  });

  it("stays valid if a sign-in fails", async () => {
    const user = await createUser();
    await submitSignIn(user.name, "wrong password", { cookie: user.cookie });
    expect(await signedInUser(user.cookie)).toBe(user.name);
  });

  it("expires after thirty days", async () => {
    const user = await createUser();
    advanceClock(30 * DAY_MS - MINUTE_MS);
    expect(await signedInUser(user.cookie)).toBe(user.name);
    advanceClock(2 * MINUTE_MS);
    expect(await signedInUser(user.cookie)).toBe("");
  });

  it("expires as SESSION_DAYS says", async () => {
    const response = await sendWithSettings({ SESSION_DAYS: "2" })("/sign-in", {
      method: "POST",
      body: new URLSearchParams({ name: "alice", password: PASSWORD }),
      headers: { Origin: ORIGIN, ...uniqueClientAddress() },
    });
    expect(response.headers.get("set-cookie")).toContain("Max-Age=172800");
    advanceClock(2 * DAY_MS + MINUTE_MS);
    expect(await signedInUser(sessionCookie(response))).toBe("");
  });

  it("gives access to the pages, never to the storage", async () => {
    const headers = { Cookie: alice.cookie };
    expect((await send("/storage/alice/", { headers })).status).toBe(401);
    const put = { method: "PUT", body: "x", headers: { ...headers, "Content-Type": "text/plain" } };
    expect((await send("/storage/alice/notes/a", put)).status).toBe(401);
    expect(await (await connectApp(alice)).tree()).toEqual({});
  });

  it.each(["", "__Host-session=", "__Host-session=%", "__Host-session=x", "session=x", ";;=;"])(
    "that was made up signs nobody in: %j",
    async (cookie) => {
      const response = await send("/", { headers: { Cookie: cookie } });
      expect(response.status).toBe(200);
      expect(await response.text()).not.toContain("@satchel.example");
    },
  );

  it("with the name for pages without TLS is not accepted here", async () => {
    const secret = alice.cookie.split("=")[1];
    expect(await signedInUser(`session=${secret}`)).toBe("");
  });
});

describe("Signing out", () => {
  it("ends the session: the cookie is deleted, and invalid if it is kept", async () => {
    const user = await createUser();
    const otherBrowser = sessionCookie(await submitSignIn(user.name));
    const response = await sendForm("/sign-out", {}, { cookie: user.cookie });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-session=;.*Max-Age=0/);
    expect(await signedInUser(user.cookie)).toBe("");
    expect(await signedInUser(otherBrowser)).toBe(user.name);
  });

  it("without a session does nothing", async () => {
    const before = await allRows();
    expect((await sendForm("/sign-out", {})).status).toBe(303);
    expect((await sendForm("/sign-out", {}, { cookie: "__Host-session=x" })).status).toBe(303);
    expect(await allRows()).toEqual(before);
  });

  it("cannot be done by a link", async () => {
    const user = await createUser();
    await send("/sign-out", { headers: { Cookie: user.cookie } });
    expect(await signedInUser(user.cookie)).toBe(user.name);
  });

  it("leaves the apps connected", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await sendForm("/sign-out", {}, { cookie: user.cookie });
    expect((await app.get("/")).status).toBe(200);
  });
});

describe("The page after signing in", () => {
  it.each([
    "/",
    "/?a=b&c",
    "/oauth/authorize/alice?redirect_uri=https%3A%2F%2Fapp.example%2F&state=a%20b",
  ])("is the requested one: %s", async (next) => {
    const page = await (await send(`/sign-in?${new URLSearchParams({ next })}`)).text();
    expect(fieldValue(page, "next")).toBe(next);
    expect(page).toContain(
      `href="/sign-up?${`${new URLSearchParams({ next })}`.replaceAll("&", "&amp;")}"`,
    );
    const fields = { name: "alice", password: PASSWORD, next };
    expect(
      (await sendForm("/sign-in", fields, uniqueClientAddress())).headers.get("location"),
    ).toBe(next);
  });

  it.each([
    "https://evil.example",
    "HTTPS://evil.example/",
    "https:evil.example",
    "http:/evil.example",
    "//evil.example",
    "//evil.example/%2e%2e",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    "/%09/evil.example",
    "/%5Cevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "/.//evil.example/%2e%2e",
    "/%2e//evil.example",
    "//satchel.example//evil.example",
    "//satchel.example/.//evil.example",
    "//user@evil.example",
    "//satchel.example@evil.example",
    "//satchel.example:443@evil.example/",
    "https://satchel.example.evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    ".evil.example",
    "@evil.example",
    "?//evil.example",
    "",
  ])("is never on another site: %j", async (next) => {
    const page = await (await send(`/sign-in?${new URLSearchParams({ next })}`)).text();
    expect(fieldValue(page, "next")).toSatisfy(staysHere);
    // An invalid name, so that the form comes back without a check of the password.
    const again = await sendForm(
      "/sign-in",
      { name: "?", password: "?", next },
      uniqueClientAddress(),
    );
    expect(fieldValue(await again.text(), "next")).toSatisfy(staysHere);
  });

  it.each([
    [
      "/sign-in",
      "alice",
      ["https://evil.example", "//evil.example", "/.//evil.example", "/\\evil.example"],
    ],
    // Each creates an account, and hashes its password.
    ["/sign-up", "", ["https://evil.example", "/.//evil.example"]],
  ])("is never on another site, whatever the form at %s says", async (path, name, nexts) => {
    for (const next of nexts) {
      const fields = { name: name || uniqueUserName(), password: PASSWORD, next };
      const response = await sendForm(path, fields, uniqueClientAddress());
      expect(response.status).toBe(303);
      expect(response.headers.get("location")).toSatisfy(staysHere);
    }
  });

  const staysHere = (next: string): boolean =>
    URL.canParse(next, `${ORIGIN}/sign-in`) && new URL(next, `${ORIGIN}/sign-in`).origin === ORIGIN;
});

describe("Signing in with the user address", () => {
  it("works as with the name; an address of another host does not", async () => {
    const { name } = await createUser();
    expect((await submitSignIn(`${name}@satchel.example`)).status).toBe(303);
    expect((await submitSignIn(` ${name.toUpperCase()}@Satchel.Example. `)).status).toBe(303);
    expect((await submitSignIn(`${name}@evil.example`)).status).toBe(403);
  });

  it("gives each port its own session, since cookies ignore ports", async () => {
    const { name } = await createUser();
    const response = await sendAnywhere("https://satchel.example:8443/sign-in", {
      method: "POST",
      body: new URLSearchParams({ name, password: PASSWORD }),
    });
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-session-8443=/);
  });
});
