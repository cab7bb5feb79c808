/** Authorization requests: §10 and §10.1 of the draft, RFC 6749 §3.1, §4.1.1, §4.2.1. */

import { beforeAll, describe, expect, it } from "vitest";
import { findElements, mainText } from "../support/html";
import {
  appWithTokens,
  codeFlowQuery,
  obtainCode,
  parseTokens,
  redeemCode,
} from "../support/oauth";
import {
  APP_ORIGIN,
  authorizeUrl,
  createUser,
  fragmentParameters,
  locationOf,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  type TestUser,
} from "../support/provider";
import { allRows, grantRows, newGrantRows } from "../support/rows";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

const openConsent = (query: string, cookie = alice.cookie): Promise<Response> =>
  send(`/oauth/authorize/alice?${query}`, { headers: cookie ? { Cookie: cookie } : {} });

const postConsent = (query: string): Promise<Response> =>
  sendForm(
    `/oauth/authorize/alice?${query}`,
    { decision: "allow", duration: "always" },
    { cookie: alice.cookie },
  );

const OTHER_PARAMETERS = "scope=notes:rw&response_type=token&client_id=https://app.example&state=s";

describe("A redirect_uri", () => {
  const REFUSED = [
    "",
    "app.example",
    "/cb",
    "//app.example/cb",
    "?app",
    "https:",
    "https://",
    "https:app.example",
    "https:/app.example/",
    "https:///app.example/",
    "https://app.example/#",
    "https://app.example/#fragment",
    "https://app.example#",
    "https://user@app.example/",
    "https://user:password@app.example/",
    "https://:password@app.example/",
    "https://@app.example/",
    "https://:@app.example/",
    "https:///@app.example/",
    "https://satchel.example@app.example/",
    "https:\\\\app.example\\",
    "https://app.example\\@evil.example/",
    "https://app.example/a\\b",
    "https://app.example/\ta",
    "https://app\t.example/",
    "https://app.example/\na",
    "https://app.example/\r\nSet-Cookie: a=b",
    " https://app.example/",
    "https://app.example/ ",
    "https://app.example/a b",
    "https://app.example/\u0000",
    "https://app .example/",
    "https://app.example:99999/",
    "https://app.example:x/",
    "https://[::1/",
    "https:///app.example/",
    "https://app.example%2f@evil.example/",
    "https://app.example%40evil.example/",
    "https://app.example%5cevil.example/",
    "https://app.example%00.evil.example/",
    "https://app.example%23.evil.example/",
    "https://app.example\uff0eevil.example/",
    "https://app.example\u3002evil.example/",
    "https://:443/",
    "https://app.example/#",
    "https://app.example/%23#access_token=evil",
    "http://0.0.0.1/",
    "http://127.0.0.1.nip.io/",
    "http://[::ffff:127.0.0.1]/",
    "https://bücher.example/",
    "https://app.example/ü",
    "https://аpp.example/",
    "https://*.example/",
    "https://app.example;sandbox/",
    "https://app.example,evil.example/",
    "https://app'example/",
    'https://app.example/"onload="',
    "https://app.example/<script>",
    "http://app.example/",
    "http://192.168.0.1/",
    "http://0.0.0.0/",
    "http://[::2]/",
    "http://[::ffff:8.8.8.8]/",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "http://evil.example/localhost",
    "http://evil-localhost/",
    "http://localhost@evil.example/",
    "http://evil.example?@localhost/",
    "ftp://localhost/",
    "ws://localhost/",
    "javascript:alert(1)",
    "javascript://app.example/%0Aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://app.example/1",
    "file:///etc/passwd",
    "mailto:alice@app.example",
    "about:blank",
    "view-source:https://app.example/",
    "javascript:/*/%0Aalert(1)",
    "JAVASCRIPT://app.example/%0Aalert(1)",
    "vbscript://x/",
    "data://text/html,x",
    "data:/text/html,x",
    "file://app.example/",
    "blob:/x",
    "filesystem://x/",
    "about://blank",
    "view-source://app.example/",
    "intent://app.example/#Intent;scheme=app;end",
    "intent://app.example/",
    "mailto://alice@app.example",
    "ftp://app.example/",
    "wss://app.example/",
    "ssh://app.example/",
    "tel:/5550100",
    "sms:/5550100",
    "chrome://settings/",
    "chrome-devtools://x/",
    "moz-icon://x/",
    "ms-settings:/privacy",
    "search-ms://x/",
    "ms-word://x/",
    "x-apple.systempreferences:/x",
    "itms-services://x/",
    "web+app://x/",
    "httpsx://app.example/",
    "http+app://app.example/",
    "com.example.app:cb",
    "com.example.app:",
    "com.example.app:/cb#fragment",
    "com.example.app:/?code=stolen",
    "com.example.app://alice@app/",
    "com.example.app://@app/",
    "com.example.app://app*/",
    "com.example.app://app;x/",
    "com.example.app:\\\\app",
    "com.example.app:/\\app",
    "com_example:/cb",
    "1app:/cb",
    "c:/windows",
    "chrome-extension://app/cb.html",
    "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhq/",
    "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh.evil.example/",
    "chrome-extension:/aaaabbbbccccddddeeeeffffgggghhhh/",
    "moz-extension://12345678-1234-1234-1234-123456789ab/",
    "evil-extension://aaaabbbbccccddddeeeeffffgggghhhh/",
    "https://app|le.example/",
    "https://{app}.example/",
    "https://app`.example/",
    "null",
    "https://app.example/?code=stolen",
    "https://app.example/?a=b&state=s",
    "https://app.example/?iss=https://satchel.example",
    "https://app.example/?error=access_denied",
    "https://app.example/?error_description=x",
    "https://app.example/?access_token",
    "https://app.example/?%63ode=encoded",
    "http://localhost:5555/?x&code=",
  ];

  it("RFC 6749 §4.1.2.1 RFC 8252 §8.4 of another form is refused with a page, never redirected to, and nothing is granted", async () => {
    const before = await allRows();
    const code = new URLSearchParams(await codeFlowQuery());
    for (const [index, uri] of REFUSED.entries()) {
      const query = `redirect_uri=${encodeURIComponent(uri)}&scope=notes:rw&state=s&${code}`;
      // The page and its form check the request by the same function: each has half of them.
      const response = await (index % 2 === 0 ? openConsent(query) : postConsent(query));
      expect([uri, response.status, locationOf(response)]).toEqual([uri, 400, ""]);
      expect(mainText(await response.text())).toMatch(/can’t be connected.*com\.example\.app:/);
    }
    expect(await allRows()).toEqual(before);
  });

  it("that is invalid is refused whoever asks, and whatever else is in the request", async () => {
    const query = `redirect_uri=javascript://x/&${OTHER_PARAMETERS}`;
    for (const response of [
      await openConsent(query, ""),
      await openConsent(query),
      await openConsent(`${query}&response_type=nonsense`),
    ]) {
      expect([response.status, locationOf(response)]).toEqual([400, ""]);
    }
  });

  it.each([
    ["missing", OTHER_PARAMETERS],
    [
      "there twice",
      `redirect_uri=https://app.example/&redirect_uri=https://app.example/&${OTHER_PARAMETERS}`,
    ],
    [
      "there twice with two values",
      `redirect_uri=https://a.example&redirect_uri=https://b.example&${OTHER_PARAMETERS}`,
    ],
    ["only in the client_id", `client_id=https://app.example/&${OTHER_PARAMETERS}`],
  ])(
    "RFC 6749 §4.1.2.1 that is %s is refused with a page, and nothing is granted",
    async (_, query) => {
      const before = await allRows();
      for (const response of [await openConsent(query), await postConsent(query)]) {
        expect([response.status, locationOf(response)]).toEqual([400, ""]);
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("is refused if it has more than 2048 characters, and nothing is granted", async () => {
    const uri = (length: number) => "https://app.example/".padEnd(length, "a");
    const before = await allRows();
    const refused = await postConsent(`redirect_uri=${uri(2049)}&${OTHER_PARAMETERS}`);
    expect([refused.status, locationOf(refused)]).toEqual([400, ""]);
    expect(await allRows()).toEqual(before);
    const allowed = await postConsent(`redirect_uri=${uri(2048)}&${OTHER_PARAMETERS}`);
    expect(locationOf(allowed)).toContain("#access_token=");
  });

  // What the app sent, its origin, and where the browser is redirected.
  it.each([
    ["https://app.example", "https://app.example", "https://app.example/"],
    ["https://app.example/", "https://app.example", "https://app.example/"],
    ["https://app.example/cb/", "https://app.example", "https://app.example/cb/"],
    ["https://app.example/?a=b&c", "https://app.example", "https://app.example/?a=b&c"],
    ["https://app.example/a@b", "https://app.example", "https://app.example/a@b"],
    [
      "https://app.example/?Code=a&mode=b",
      "https://app.example",
      "https://app.example/?Code=a&mode=b",
    ],
    ["https://app.example/%23?q=%5C", "https://app.example", "https://app.example/%23?q=%5C"],
    ["https://app.example:8443/", "https://app.example:8443", "https://app.example:8443/"],
    ["https://app.example:443/", "https://app.example", "https://app.example/"],
    ["HTTPS://APP.EXAMPLE/", "https://app.example", "https://app.example/"],
    ["https://app.example./", "https://app.example.", "https://app.example./"],
    ["https://app.%65xample/", "https://app.example", "https://app.example/"],
    [
      "https://app.example/%2F%2Fevil.example",
      "https://app.example",
      "https://app.example/%2F%2Fevil.example",
    ],
    [
      "https://app.example//evil.example/",
      "https://app.example",
      "https://app.example//evil.example/",
    ],
    [
      "https://app.example/%0D%0ASet-Cookie:a",
      "https://app.example",
      "https://app.example/%0D%0ASet-Cookie:a",
    ],
    [
      "https://xn--bcher-kva.example/",
      "https://xn--bcher-kva.example",
      "https://xn--bcher-kva.example/",
    ],
    ["http://0x7f.1/", "http://127.0.0.1", "http://127.0.0.1/"],
    [
      "https://xn--bcher-kva.example/",
      "https://xn--bcher-kva.example",
      "https://xn--bcher-kva.example/",
    ],
    ["https://[2001:db8::1]/", "https://[2001:db8::1]", "https://[2001:db8::1]/"],
    ["http://localhost:3000", "http://localhost:3000", "http://localhost:3000/"],
    ["http://localhost:3000/", "http://localhost:3000", "http://localhost:3000/"],
    ["http://app.localhost:3000/", "http://app.localhost:3000", "http://app.localhost:3000/"],
    ["http://127.0.0.1/", "http://127.0.0.1", "http://127.0.0.1/"],
    ["http://127.0.0.1:8080/cb", "http://127.0.0.1:8080", "http://127.0.0.1:8080/cb"],
    ["http://127.1.2.3/", "http://127.1.2.3", "http://127.1.2.3/"],
    ["http://[::1]:5000/", "http://[::1]:5000", "http://[::1]:5000/"],
    // What browsers leave in an address, and RFC 3986 does not allow in a URI.
    ["https://app.example/{a|b}^`", "https://app.example", "https://app.example/%7Ba%7Cb%7D%5E%60"],
    [
      "https://app.example/?{a|b}^`\\",
      "https://app.example",
      "https://app.example/?%7Ba%7Cb%7D%5E%60%5C",
    ],
  ])("§10.12 RFC 6454 §4 %s is the app %s", async (uri, origin, target) => {
    const query = `redirect_uri=${encodeURIComponent(uri)}&${OTHER_PARAMETERS}`;
    const shown = await openConsent(query);
    expect(shown.status).toBe(200);
    expect(mainText(await shown.text()).split(" ")[0]).toBe(origin);
    const granted = await newGrantRows("alice", async () => {
      expect(locationOf(await postConsent(query)).split("#")[0]).toBe(target);
    });
    expect(granted).toMatchObject([{ origin }]);
  });

  // Its name in the lists, and where the browser is sent.
  it.each([
    ["obsidian://remotestorage", "obsidian://remotestorage"],
    ["com.example.app:/cb", "com.example.app:"],
    ["com.example.app:///cb?a=b", "com.example.app:"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["app://obsidian.md:1/x", "app://obsidian.md:1"],
    ["COM.Example.App:/{cb}", "com.example.app:"],
    [
      "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh/cb.html",
      "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh",
    ],
    [
      "moz-extension://12345678-90ab-cdef-1234-567890abcdef/cb.html",
      "moz-extension://12345678-90ab-cdef-1234-567890abcdef",
    ],
  ])(
    "RFC 8252 §7.1 §8.1 with a scheme of its own, %s, gets a code but no token, and is shown as unverified",
    async (redirect_uri, origin) => {
      const user = await createUser();
      const refused = await submitConsent(user, { redirect_uri });
      expect(refused.status).toBe(400);
      expect(fragmentParameters(refused)).toMatchObject({ error: "unauthorized_client" });
      expect(mainText(await refused.text())).toContain("they need the code flow with PKCE");
      expect(await grantRows(user.name)).toEqual([]);

      const query = { ...(await codeFlowQuery()), redirect_uri, state: "s" };
      const headers = { Cookie: user.cookie };
      const consent = mainText(
        await (await send(authorizeUrl(user.name, query), { headers })).text(),
      );
      expect(consent.startsWith(`${origin} wants to access your storage`)).toBe(true);
      const kind = origin.includes("-extension:") ? "extension" : "program";
      expect(consent).toMatch(new RegExp(`${kind} (on|of) your (device|browser).*not verified`));
      const allowed = await submitConsent(user, query);
      const [address, search] = locationOf(allowed).split(/\?(?=(?:a=b&)?code=)/);
      expect(address).toBe(
        new URL(redirect_uri).href.replace(/\?.*/, "").replace("{cb}", "%7Bcb%7D"),
      );
      expect(mainText(await allowed.text())).toContain(`Opening ${origin}.`);
      const parameters = new URLSearchParams(search);
      expect(parameters.get("state")).toBe("s");
      const tokens = await redeemCode(parameters.get("code") ?? "", { redirect_uri });
      expect((await appWithTokens(user, await parseTokens(tokens)).get("/notes/")).status).toBe(
        200,
      );
      expect(await grantRows(user.name)).toMatchObject([{ origin, app_url: "", flow: "code" }]);
      for (const path of ["/apps", "/activity"]) {
        const html = await (await send(path, { headers })).text();
        expect(mainText(html)).toMatch(new RegExp(`${kind}( on your device)?, not verified`));
        expect(findElements(html, "a").map(({ href }) => href)).not.toContain(redirect_uri);
      }
    },
  );

  it("RFC 6749 §4.1.3 is compared raw, also with characters that no URI may have", async () => {
    const uri = "https://app.example/{a|b}?^`";
    const code = await obtainCode(alice, { redirect_uri: uri });
    const encoded = { redirect_uri: "https://app.example/%7Ba%7Cb%7D?%5E%60" };
    expect((await redeemCode(code, encoded)).status).toBe(400);
    expect((await redeemCode(code, { redirect_uri: uri })).status).toBe(200);
  });

  it("RFC 6749 §3.1.2 keeps its query, to which the code flow adds its parameters", async () => {
    for (const [uri, before] of [
      ["https://app.example/?a=b&c=%20d", "?a=b&c=%20d&code="],
      ["https://app.example/cb", "?code="],
    ] as const) {
      const response = await submitConsent(alice, {
        ...(await codeFlowQuery()),
        redirect_uri: uri,
      });
      expect(new URL(locationOf(response)).search.startsWith(before)).toBe(true);
    }
  });

  it("with an empty query gets a well-formed code parameter", async () => {
    const uri = "https://app.example/?";
    const code = await obtainCode(alice, { redirect_uri: uri });
    expect((await redeemCode(code, { redirect_uri: uri })).status).toBe(200);
  });

  it("RFC 6749 §4.1.3 is compared as the app sent it, even a bare origin", async () => {
    const code = await obtainCode(alice, { redirect_uri: APP_ORIGIN });
    const { access_token } = await parseTokens(
      await redeemCode(code, { redirect_uri: APP_ORIGIN }),
    );
    expect(access_token).not.toBe("");
  });
});

describe("The response_mode", () => {
  it.each([
    ["token", "fragment", "#access_token="],
    ["code", "query", "?code="],
    ["code", "fragment", "#code="],
  ])("puts the response to a request for a %s into the %s", async (type, mode, start) => {
    const query = { ...(await codeFlowQuery()), response_type: type, response_mode: mode };
    expect(locationOf(await submitConsent(alice, query))).toContain(`${APP_ORIGIN}/${start}`);
    const denied = await submitConsent(alice, query, { decision: "deny" });
    expect(locationOf(denied)).toContain(`${APP_ORIGIN}/${start[0]}error=access_denied`);
  });

  it.each([
    ["token", "query", "#"],
    ["token", "form_post", "#"],
    ["code", "form_post", "?"],
    ["code", "QUERY", "?"],
  ])(
    "of a request for a %s that is %s is refused with invalid_request, and nothing is granted",
    async (type, mode, start) => {
      const before = await allRows();
      const query = { ...(await codeFlowQuery()), response_type: type, response_mode: mode };
      const response = await submitConsent(alice, query);
      expect(locationOf(response)).toContain(`${APP_ORIGIN}/${start}error=invalid_request`);
      expect(await allRows()).toEqual(before);
    },
  );
});

describe("The client_id", () => {
  it.each([undefined, "", "https://evil.example", "satchel", "<script>alert(1)</script>"])(
    "§10.12 is ignored: %s",
    async (clientId) => {
      const query = new URLSearchParams({
        redirect_uri: `${APP_ORIGIN}/`,
        scope: "notes:r",
        response_type: "token",
        ...(clientId === undefined ? {} : { client_id: clientId }),
      });
      const page = await (await openConsent(`${query}`)).text();
      expect(mainText(page).split(" ")[0]).toBe(APP_ORIGIN);
      expect(page).not.toContain("evil.example");
      expect(page).not.toContain("<script>");
      const granted = await newGrantRows("alice", async () => {
        expect(fragmentParameters(await postConsent(`${query}`)).access_token).toMatch(/^ey/);
      });
      expect(granted).toMatchObject([{ origin: APP_ORIGIN }]);
    },
  );
});

describe("An invalid request", () => {
  // Changes to a valid request for a token: null removes a parameter.
  const CHANGES: [string, Record<string, string | null>][] = [
    ["invalid_request", { response_type: null }],
    ["invalid_request", { response_type: "" }],
    ["unsupported_response_type", { response_type: "id_token" }],
    ["unsupported_response_type", { response_type: "code token" }],
    ["unsupported_response_type", { response_type: "TOKEN" }],
    ["invalid_scope", { scope: null }],
    ...[
      "",
      " ",
      "notes",
      "notes:",
      "notes:r:w",
      ":rw",
      "*",
      "**:rw",
      "*/notes:rw",
      "notes/:rw",
      "/notes:rw",
      "../bob:rw",
      "..:rw",
      "no%20tes:rw",
      "notes:rw,photos:r",
      "notes:rw\tphotos:r",
      "notes:rw\nphotos:r",
      "notes:rw photos",
      "[a-z]:rw",
      ".*:rw",
      "nötes:rw",
      "<script>:rw",
    ].map((scope): [string, { scope: string }] => ["invalid_scope", { scope }]),
  ];

  it.each(CHANGES.map(([error, change]) => [JSON.stringify(change), error, change] as const))(
    "RFC 6749 §4.2.2.1 with %s is refused: the app gets %s and its state, and nothing is granted",
    async (_, error, change) => {
      const query = new URLSearchParams({
        redirect_uri: `${APP_ORIGIN}/`,
        client_id: APP_ORIGIN,
        state: "a b",
      });
      query.set("scope", "notes:rw");
      query.set("response_type", "token");
      for (const [name, value] of Object.entries(change)) {
        if (value === null) query.delete(name);
        else query.set(name, value);
      }
      const before = await allRows();
      for (const response of [await openConsent(`${query}`), await postConsent(`${query}`)]) {
        expect(response.status).toBe(400);
        expect(locationOf(response).startsWith(`${APP_ORIGIN}/#`)).toBe(true);
        expect(fragmentParameters(response)).toMatchObject({ error, state: "a b" });
        expect(fragmentParameters(response).access_token).toBeUndefined();
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("§9.2 has a level other than :r and :rw: invalid_scope; with one of them it is granted", async () => {
    for (const scope of ["notes:w", "notes:rwx", "notes:wr", "notes:", "notes", "notes:R"]) {
      expect(fragmentParameters(await submitConsent(alice, { scope })).error).toBe("invalid_scope");
    }
    for (const scope of ["notes:r", "notes:rw", "*:r", "*:rw"]) {
      expect(fragmentParameters(await submitConsent(alice, { scope })).scope).toBe(scope);
    }
  });

  it.each(["public:rw", "public:r", "notes:rw public:rw"])(
    "§9.1 has the scope %s, whose module name is reserved: invalid_scope, and nothing is granted",
    async (scope) => {
      const before = await allRows();
      for (const query of [{ scope }, { scope, ...(await codeFlowQuery()) }]) {
        const response = await submitConsent(alice, query);
        expect(locationOf(response)).toContain("error=invalid_scope");
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it.each([
    "response_type",
    "response_mode",
    "client_id",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
  ])(
    "RFC 6749 §3.1 has the parameter %s twice: invalid_request, and nothing is granted",
    async (name) => {
      const before = await allRows();
      const query = new URLSearchParams({
        redirect_uri: `${APP_ORIGIN}/`,
        client_id: APP_ORIGIN,
        scope: "notes:rw",
        state: "s",
        response_mode: "query",
        ...(await codeFlowQuery()),
      });
      query.append(name, query.get(name) ?? "");
      const response = await postConsent(`${query}`);
      expect(new URL(locationOf(response)).searchParams.get("error")).toBe("invalid_request");
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §3.1 is not caused by unknown parameters, which are ignored", async () => {
    const response = await submitConsent(alice, { display: "popup", nonce: "1" });
    expect(fragmentParameters(response).access_token).toMatch(/^ey/);
  });

  it("RFC 6749 §3.1 is not caused by an empty state, which is treated as omitted", async () => {
    const response = await submitConsent(alice, { state: "" });
    expect(fragmentParameters(response).access_token).toMatch(/^ey/);
    expect(fragmentParameters(response)).not.toHaveProperty("state");
  });

  it("RFC 9700 §4.11.2 leads to the app only by a link, without a redirect, if no user is signed in", async () => {
    for (const change of [{ scope: "public:rw" }, { response_type: "id_token" }]) {
      for (const cookie of ["", "__Host-session=made-up"]) {
        const { search } = new URL(authorizeUrl("alice", change), ORIGIN);
        const response = await openConsent(search.slice(1), cookie);
        expect([response.status, locationOf(response)]).toEqual([400, ""]);
        expect(await response.text()).toMatch(/href="https:\/\/app\.example\/#error=\w+/);
      }
    }
  });
});

it("An error page of the authorization endpoint is in one language only", async () => {
  for (const change of [{ scope: "x" }, { response_type: "x" }, { response_type: "" }]) {
    const path = authorizeUrl("alice", change);
    const html = await (await send(path, { headers: { "Accept-Language": "de" } })).text();
    expect(mainText(html)).toMatch(/^Diese App kann nicht verbunden werden .* ein Fehler der App/);
    expect(mainText(html)).not.toMatch(/ (is|not|scope|response_type)\b/);
  }
});

describe("A request without a session", () => {
  const path = authorizeUrl("alice", { state: "a b+c&d=e%20f#g" });

  it("§10.6 redirects to the sign-in page, and from there back to the same request", async () => {
    const response = await send(path);
    const signIn = new URL(locationOf(response), ORIGIN);
    expect([signIn.origin, signIn.pathname]).toEqual([ORIGIN, "/sign-in"]);
    expect(signIn.searchParams.get("next")).toBe(path);
    const signedIn = await sendForm("/sign-in", {
      name: "alice",
      password: "correct horse battery",
      next: signIn.searchParams.get("next") ?? "",
    });
    expect(new URL(locationOf(signedIn), ORIGIN).href).toBe(new URL(path, ORIGIN).href);
    const consent = await send(locationOf(signedIn), { headers: { Cookie: alice.cookie } });
    expect(consent.status).toBe(200);
    expect(mainText(await consent.text())).toContain(APP_ORIGIN);
  });

  it("is not granted by posting the consent form without a cookie or with a made-up one", async () => {
    const before = await allRows();
    for (const cookie of ["", "__Host-session=made-up", "session=made-up"]) {
      const fields = { decision: "allow", duration: "always" };
      const response = await sendForm(path, fields, { cookie });
      expect(new URL(locationOf(response), ORIGIN).pathname).toBe("/sign-in");
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("PKCE", () => {
  it.each<[string, Record<string, string>]>([
    ["without a challenge", { code_challenge: "" }],
    ["without a method, which would mean plain", { code_challenge_method: "" }],
    ["with the method plain", { code_challenge_method: "plain" }],
    ["with the method s256", { code_challenge_method: "s256" }],
    ["with a challenge that is too short", { code_challenge: "a".repeat(42) }],
    ["with a challenge that is too long", { code_challenge: "a".repeat(44) }],
    ["with padding", { code_challenge: `${"a".repeat(43)}=` }],
    ["with base64 that is not base64url", { code_challenge: `${"a".repeat(42)}+` }],
  ])(
    "RFC 7636 §4.4.1 a request for a code %s is refused, and no code is issued",
    async (_, change) => {
      const before = await allRows();
      const query = { ...(await codeFlowQuery()), state: "s", ...change };
      for (const parameters of [query, withoutEmpty(query)]) {
        const response = await submitConsent(alice, parameters);
        const { searchParams, hash } = new URL(locationOf(response));
        expect(searchParams.get("error")).toBe("invalid_request");
        expect([searchParams.get("state"), searchParams.get("code"), hash]).toEqual([
          "s",
          null,
          "",
        ]);
      }
      expect(await allRows()).toEqual(before);
    },
  );

  const withoutEmpty = (query: Record<string, string>) => {
    const { code_challenge, code_challenge_method, ...rest } = query;
    return {
      ...rest,
      ...(code_challenge ? { code_challenge } : {}),
      ...(code_challenge_method ? { code_challenge_method } : {}),
    };
  };

  it("§10.1-1 is not required by the implicit grant", async () => {
    expect(fragmentParameters(await submitConsent(alice)).access_token).toMatch(/^ey/);
  });
});

describe("The state", () => {
  const STATES = [
    "x",
    "two words",
    " around ",
    "a+b",
    "a%20b",
    "%",
    "100%25",
    "a&b=c&access_token=evil",
    "a#b?c/d",
    "=",
    '<script>alert("1")</script>',
    "grüße 日本 🎒",
    "line\nbreak\r\nSet-Cookie: a=b",
    Buffer.from(JSON.stringify({ rsDiscovery: { userAddress: "alice@satchel.example" } })).toString(
      "base64",
    ),
    "0123456789abcdef".repeat(128),
  ];

  it.each(STATES.map((state) => [JSON.stringify(state.slice(0, 40)), state]))(
    "RFC 6749 §4.2.2 is returned unchanged, in the fragment: %s",
    async (_, state) => {
      for (const response of [
        await submitConsent(alice, { state }),
        await submitConsent(alice, { state }, { decision: "deny" }),
        await submitConsent(alice, { state, scope: "public:rw" }),
      ]) {
        expect(fragmentParameters(response).state).toBe(state);
        expect(locationOf(response).split("#")).toHaveLength(2);
        expect(locationOf(response)).not.toContain("+");
      }
    },
  );

  it.each(STATES.map((state) => [JSON.stringify(state.slice(0, 40)), state]))(
    "RFC 6749 §4.1.2 is returned unchanged, in the query: %s",
    async (_, state) => {
      const query = { ...(await codeFlowQuery()), state };
      for (const response of [
        await submitConsent(alice, query),
        await submitConsent(alice, query, { decision: "deny" }),
        await submitConsent(alice, { ...query, scope: "public:rw" }),
      ]) {
        const { searchParams, hash } = new URL(locationOf(response));
        expect([searchParams.getAll("state"), hash]).toEqual([[state], ""]);
      }
    },
  );

  it("is not in the response if it was not in the request", async () => {
    expect(fragmentParameters(await submitConsent(alice))).not.toHaveProperty("state");
    const response = await submitConsent(alice, await codeFlowQuery());
    expect(new URL(locationOf(response)).searchParams.has("state")).toBe(false);
  });
});
