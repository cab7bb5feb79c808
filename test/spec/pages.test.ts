/** What holds for every page: headers, assets, cross-site forms, bodies that are not forms. */

import { beforeAll, describe, expect, it } from "vitest";
import { findElements, findInlineCode } from "../support/html";
import {
  APP_ORIGIN,
  authorizeUrl,
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
import { uniqueClientAddress } from "../support/sign-in-forms";
import { ASSETS } from "../support/urls";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
  await connectApp(alice);
});

const PAGES = [
  ["the front page", "/", ""],
  ["the home page", "/", "alice"],
  ["sign-in", "/sign-in", ""],
  ["sign-in as another user", "/sign-in?name=bob", "alice"],
  ["sign-up", "/sign-up", ""],
  ["the consent page", authorizeUrl("alice"), "alice"],
  ["an app that cannot be connected", "/oauth/authorize/alice?redirect_uri=x", "alice"],
  ["a missing page", "/nothing-here", ""],
  ["a missing page in a folder", "/oauth/nothing/here", ""],
] as const;

const get = (path: string, user: string): Promise<Response> =>
  send(path, { headers: user === "" ? {} : { Cookie: alice.cookie } });

/** The directives of a Content-Security-Policy by name. */
const policyOf = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries(
    (headers.get("content-security-policy") ?? "").split(";").map((directive) => {
      const [name = "", ...sources] = directive.trim().split(/ +/);
      return [name, sources.join(" ")];
    }),
  );

describe("Every page", () => {
  it.each(PAGES)("§14 keeps out scripts and frames of other sites: %s", async (_, path, user) => {
    const response = await get(path, user);
    expect(policyOf(response)).toMatchObject({
      "default-src": "'none'",
      "worker-src": "'none'",
      "style-src": `satchel.example${ASSETS}/style.css`,
      "base-uri": "'none'",
      "frame-ancestors": "'none'",
      "form-action": "'self'",
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
    });
    expect(response.headers.get("permissions-policy")).toContain("camera=()");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    const scripts = findElements(await response.text(), "script");
    expect(policyOf(response)["script-src"]).toBe(
      scripts.map(({ src }) => `satchel.example${src}`).join(" "),
    );
  });

  it("leaves an app that opened the dialog connected to its window, and others to none", async () => {
    const policies = new Map<string, string | null>();
    const dialog = ["/sign-in", "/sign-up", "/recover", "/recover/mail", "/link/x", "/confirm"];
    dialog.push(authorizeUrl("alice"), "/oauth/authorize/alice", "/security/passkeys/add");
    const others = ["/", "/apps", "/data", "/activity", "/settings", "/admin", "/oauthx"];
    for (const path of [...dialog, ...others]) {
      for (const user of ["", "alice"]) {
        const { headers } = await get(path, user);
        policies.set(`${path} ${user}`, headers.get("cross-origin-opener-policy"));
      }
    }
    const language = await sendForm("/language", { language: "de" });
    expect(language.headers.get("cross-origin-opener-policy")).toBe("unsafe-none");
    for (const [page, policy] of policies) {
      const isDialog = dialog.includes(page.split(" ")[0] ?? "");
      expect([page, policy]).toEqual([page, isDialog ? "unsafe-none" : "same-origin"]);
    }
  });

  it("behind a proxy that changes the host may load its scripts from either host", async () => {
    const response = await sendWithSettings({ ORIGIN })("http://10.0.0.1:8000/sign-in");
    const sources = policyOf(response)["script-src"]?.split(" ");
    expect(sources).toContain(`satchel.example${ASSETS}/time.js`);
    expect(sources).toContain(`10.0.0.1:8000${ASSETS}/time.js`);
  });

  it.each(PAGES.filter(([, path]) => !path.includes("nothing")))(
    "is not cached and has no inline code: %s",
    async (_, path, user) => {
      const response = await get(path, user);
      expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
      expect(response.headers.get("content-type")).toMatch(/^text\/html; charset=utf-8$/i);
      const html = await response.text();
      expect(html).toMatch(/^<!DOCTYPE html>/i);
      expect(findInlineCode(html)).toEqual([]);
    },
  );

  it.each(PAGES.filter(([, path]) => !path.includes("nothing")))(
    "has a title, a language, one main element and a label for every field: %s",
    async (_, path, user) => {
      const html = await (await get(path, user)).text();
      expect(html).toMatch(/<title>[^<]+<\/title>/);
      expect(findElements(html, "html")).toEqual([{ lang: "en" }]);
      expect(findElements(html, "main")).toHaveLength(1);
      expect(findElements(html, "h1")).toHaveLength(1);
      const labelled = new Set(findElements(html, "label").map((label) => label.for));
      const fields = [...findElements(html, "input"), ...findElements(html, "select")];
      for (const { id, type } of fields) if (type !== "hidden") expect(labelled).toContain(id);
    },
  );

  it.each([
    "/nothing-here",
    "/oauth/nothing",
    "/style.css/x",
    "/.env",
    "/.git/config",
    "/%00",
    "/%",
  ])("that does not exist is a 404 page: %s", async (path) => {
    const response = await send(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await response.text()).toMatch(/<main/);
  });

  it("escapes the query", async () => {
    const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
    const query = new URLSearchParams({ name: evil, next: `/?${evil}`, [evil]: evil });
    for (const path of ["/", "/sign-in", "/sign-up"]) {
      for (const user of ["", "alice"]) {
        const html = await (await get(`${path}?${query}`, user)).text();
        expect(findInlineCode(html)).toEqual([]);
        expect(html).not.toMatch(/<img[^>]*src=x/);
      }
    }
  });

  it("shows the form again with escaped input", async () => {
    const evil = `"><script>alert(1)</script>`;
    for (const path of ["/sign-in", "/sign-up"]) {
      const response = await sendForm(path, { name: evil, password: evil, next: `/${evil}` });
      expect(response.status).toBeGreaterThanOrEqual(400);
      const html = await response.text();
      expect(findInlineCode(html)).toEqual([]);
    }
  });
});

describe("Assets", () => {
  it("have the right types and headers: style sheet, script, icon", async () => {
    const html = await (await send("/")).text();
    const urls = [
      ...findElements(html, "link").map(({ href }) => href),
      ...findElements(html, "script").map(({ src }) => src),
      ...findElements(html, "img").map(({ src }) => src),
    ];
    expect(urls.length).toBeGreaterThanOrEqual(3);
    for (const url of urls) {
      const response = await send(url ?? "");
      expect(response.status).toBe(200);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-type")).toMatch(
        url?.endsWith(".css")
          ? /^text\/css/
          : url?.endsWith(".js")
            ? /javascript/
            : /^image\/svg\+xml/,
      );
    }
  });

  it.each([
    [
      "are kept by browsers until another version is deployed",
      ASSETS,
      "max-age=31536000, immutable",
    ],
    // Another version is deployed while a page of this one asks, or the other way round.
    ["of another version are not", "/assets/another-version", "public, max-age=0, must-revalidate"],
    ["without a version are not", "", "public, max-age=0, must-revalidate"],
  ])("%s, and not sent again unless they have changed", async (_, folder, caching) => {
    const first = await send(`${folder}/style.css`);
    expect([first.status, first.headers.get("cache-control")]).toEqual([200, caching]);
    expect(await first.text()).toBe(await (await send("/style.css")).text());
    const headers = { "If-None-Match": first.headers.get("etag") ?? "" };
    const again = await send(`${folder}/style.css`, { headers });
    expect([again.status, again.headers.get("cache-control")]).toEqual([304, caching]);
    expect(await again.text()).toBe("");
  });

  it.each([`${ASSETS}/nothing.css`, ASSETS, `${ASSETS}/`, "/assets/", "/assets"])(
    "are nothing that may be kept where there is no file: %s",
    async (path) => {
      const { status, headers } = await send(path);
      expect([status, headers.get("cache-control")]).toEqual([404, "no-store, no-transform"]);
    },
  );

  it("and pages answer HEAD without a body", async () => {
    for (const path of ["/", "/sign-in", "/style.css"]) {
      const response = await send(path, { method: "HEAD" });
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
  });
});

const FORMS = [
  "/sign-up",
  "/sign-in",
  "/sign-out",
  "/apps/disconnect-all",
  authorizeUrl("alice"),
] as const;

/** Fields with which each form would act for alice. */
const fieldsOf = (path: string): Record<string, string> => ({
  name: path === "/sign-up" ? uniqueUserName() : "alice",
  password: PASSWORD,
  origin: APP_ORIGIN,
  decision: "allow",
  duration: "always",
});

describe("A form", () => {
  const CROSS_SITE_HEADERS = [
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Origin: "http://satchel.example" },
    { Origin: "https://satchel.example.evil.example" },
    { Origin: "https://storage.satchel.example" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
  ] as Record<string, string>[];

  it.each(FORMS)("from another site -> 403, nothing changed: %s", async (path) => {
    const before = await allRows();
    for (const headers of CROSS_SITE_HEADERS) {
      const response = await sendForm(path, fieldsOf(path), { cookie: alice.cookie, ...headers });
      expect([response.status, response.headers.get("location")]).toEqual([403, null]);
      expect(response.headers.get("set-cookie")).toBeNull();
    }
    expect(await allRows()).toEqual(before);
  });

  it("from a restored tab is accepted, unless its Origin is another site's", async () => {
    const signOut = (headers: Record<string, string>) =>
      sendForm("/sign-out", {}, { "Sec-Fetch-Site": "none", ...headers });
    expect((await signOut({})).status).toBe(303);
    expect((await signOut({ Origin: "null" })).status).toBe(303);
    expect((await signOut({ Origin: "https://evil.example" })).status).toBe(403);
  });

  it("with a hidden Origin is accepted in the browser that got the page, and only there", async () => {
    const signIn = async (cookie: string, headers: Record<string, string> = {}) => {
      const fields = { name: alice.name, password: PASSWORD };
      const from = { Origin: "null", ...uniqueClientAddress(), ...headers };
      return (await sendForm("/sign-in", fields, { ...from, ...(cookie ? { cookie } : {}) }))
        .status;
    };
    const page = await send("/sign-in");
    const cookie = sessionCookie(page);
    expect(page.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-same-site=1; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
    ]);
    expect(await signIn(cookie)).toBe(303);
    // The form of another site comes without a cookie that is SameSite=Strict.
    const before = await allRows();
    expect(await signIn("")).toBe(403);
    expect(await signIn(cookie, { Origin: "https://evil.example" })).toBe(403);
    expect(await signIn(cookie, { "Sec-Fetch-Site": "cross-site" })).toBe(403);
    expect(await allRows()).toEqual(before);
    // It is set once, and not at all where the browser says where its requests come from.
    for (const headers of [{ Cookie: cookie }, { "Sec-Fetch-Site": "none" }] as HeadersInit[]) {
      expect((await send("/sign-in", { headers })).headers.getSetCookie()).toEqual([]);
    }
  });

  it("must come from the ORIGIN, not from the host of the request", async () => {
    const sendOn = sendWithSettings({ ORIGIN });
    const form = (Origin: string) =>
      sendOn("https://other.example/sign-out", {
        method: "POST",
        body: new URLSearchParams(),
        headers: { Origin },
      });
    expect((await form(ORIGIN)).status).toBe(303);
    expect((await form("https://other.example")).status).toBe(403);
  });

  const LARGE = 100 * 1024;

  it.each([...FORMS, "/oauth/token", "/oauth/revoke"])(
    "that is too large -> 413, nothing changed: %s",
    async (path) => {
      const before = await allRows();
      const fields = { ...fieldsOf(path), token: "x", padding: "x".repeat(LARGE) };
      const response = await sendForm(path, fields, { cookie: alice.cookie });
      expect(response.status).toBe(413);
      const body = new TextEncoder().encode(`${new URLSearchParams(fields)}`);
      const chunked = await send(path, {
        method: "POST",
        body: new Blob([body]).stream(),
        headers: {
          Origin: ORIGIN,
          Cookie: alice.cookie,
          "Content-Type": "application/x-www-form-urlencoded",
        },
      });
      expect(chunked.status).toBe(413);
      expect(await allRows()).toEqual(before);
    },
  );

  const BODIES: [string, BodyInit | null, Record<string, string>][] = [
    ["no body", null, {}],
    ["JSON", '{"name":"alice"}', { "Content-Type": "application/json" }],
    [
      "bytes",
      new Uint8Array([0, 255, 254, 128, 38, 61]),
      { "Content-Type": "application/octet-stream" },
    ],
    [
      "bytes as a form",
      new Uint8Array([0, 255, 37, 37, 38, 61]),
      { "Content-Type": "application/x-www-form-urlencoded" },
    ],
    [
      "broken escapes",
      "name=%&password=%zz&next=%ff%",
      { "Content-Type": "application/x-www-form-urlencoded" },
    ],
    ["broken multipart", "--x\r\nnonsense", { "Content-Type": "multipart/form-data; boundary=x" }],
    ["an invalid type", "name=alice", { "Content-Type": "////" }],
  ];

  it.each(
    [...FORMS, "/oauth/token", "/oauth/revoke"].flatMap((path) =>
      BODIES.map(([what, body, headers]) => ({ path, what, body, headers })),
    ),
  )("with $what as its body is never a server error: $path", async ({ path, body, headers }) => {
    const before = await allRows();
    const init = { method: "POST", body, headers: { Origin: ORIGIN, ...headers } };
    const response = await send(path, init);
    expect(response.status).toBeGreaterThanOrEqual(300);
    expect(response.status).toBeLessThan(500);
    expect(response.headers.get("set-cookie") ?? "__Host-session=;").toMatch(/^__Host-session=;/);
    expect(await allRows()).toEqual(before);
  });

  it.each(["PUT", "DELETE", "PATCH"])("sent with %s is refused", async (method) => {
    const before = await allRows();
    for (const path of FORMS) {
      const body = new URLSearchParams(fieldsOf(path));
      const headers = { Origin: ORIGIN, Cookie: alice.cookie };
      expect([404, 405]).toContain((await send(path, { method, body, headers })).status);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("The language of the pages", () => {
  it.each([
    ["de", "de"],
    ["de-DE", "de"],
    ["de-CH, fr;q=0.5", "de"],
    ["en-US,en;q=0.9,de;q=0.8", "en"],
    ["fr, de;q=0.3, en;q=0.2", "de"],
    ["de;q=0, en", "en"],
    ["fr", "en"],
    ["", "en"],
  ])("RFC 9110 §12.5.4 for Accept-Language '%s' is %s", async (wanted, language) => {
    const html = await (await send("/", { headers: { "Accept-Language": wanted } })).text();
    expect(findElements(html, "html")).toEqual([{ lang: language }]);
  });

  it("is set by the form in the footer, which leads back to the page", async () => {
    const referer = { Referer: `${ORIGIN}/sign-in?name=bob` };
    const response = await sendForm("/language", { language: "de" }, referer);
    expect(response.headers.get("location")).toBe("/sign-in?name=bob");
    const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
    const html = await (await send("/", { headers: { Cookie: cookie } })).text();
    expect(findElements(html, "html")).toEqual([{ lang: "de" }]);
  });
});
