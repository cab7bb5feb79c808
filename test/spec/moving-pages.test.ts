/** The pages about moving in and out: from the address at the old provider to the report. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findElements, mainText } from "../support/html";
import { loadMove, loadReport, runMove, startMove } from "../support/moving";
import { documentsOf, OLD_ORIGIN, OLD_TOKEN, startOldProvider } from "../support/old-provider";
import {
  connectApp,
  createSession,
  createUser,
  locationOf,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { loadContents } from "../support/tasks";
import { ASSETS } from "../support/urls";

/** The provider to which users move: the same Worker under another name. */
const NEW = "https://new.example";
const PAGE = `${NEW}/transfer/move-in`;

let user: TestUser;
let app: TestApp;

beforeEach(async () => {
  user = await createUser();
  app = await connectApp(user);
});

// Otherwise its alarms go on after the test.
afterEach(() => env.USERS.getByName(user.name).controlMoveIn("cancel"));

const get = (url: string, cookie = user.cookie): Promise<Response> =>
  send(url, { headers: { Cookie: cookie, Accept: "text/html" } });

const post = (url: string, fields: Record<string, string>, cookie = user.cookie) =>
  sendForm(url, fields, { cookie, Origin: NEW });

const textOf = async (response: Response): Promise<string> => mainText(await response.text());

/** Begins a sign-in at the old provider. Returns the authorization request. */
async function begin(address: string): Promise<URL> {
  const response = await post(PAGE, { address, onConflict: "both" });
  expect(response.status).toBe(200);
  return new URL(locationOf(response));
}

describe("Moving in by the implicit grant", () => {
  const old = () => startOldProvider(documentsOf({ "/notes/a": "1" }));

  it("asks the old provider's own dialog for read access, and copies", async () => {
    const { address } = old();
    const url = await begin(address);
    expect(url.origin + url.pathname).toBe(`${OLD_ORIGIN}/oauth/alice`);
    const { state = "", ...rest } = Object.fromEntries(url.searchParams);
    expect(rest).toEqual({
      response_type: "token",
      client_id: NEW,
      redirect_uri: `${PAGE}/return`,
      scope: "*:r",
    });
    const back = await get(`${PAGE}/return`);
    expect(back.headers.get("content-security-policy")).toContain(
      `script-src new.example${ASSETS}/time.js new.example${ASSETS}/move-in-return.js;`,
    );
    const fields = findElements(await back.text(), "input").map(({ name }) => name);
    expect(fields).toEqual(["state", "access_token", "error"]);
    const response = await post(`${PAGE}/return`, { state, access_token: OLD_TOKEN });
    expect([response.status, locationOf(response)]).toEqual([303, "/transfer/move-in"]);
    expect(await textOf(await get(PAGE))).toContain("Moving in from alice@old.example");
    await runMove(app);
    expect(await textOf(await get(PAGE))).toContain("1 document was copied. 1 byte in all.");
    expect(await loadContents(app)).toEqual({ "/notes/a": "text/x 1" });
    expect(await loadMove(app)).toMatchObject({ onConflict: "both", clientId: NEW });
    const activity = await get(`${NEW}/activity`);
    expect(await activity.text()).toContain("Moving in from another provider: alice@old.example");
  });

  it.each<[string, (state: string) => Promise<Response>]>([
    ["with another state", () => post(`${PAGE}/return`, { state: "x", access_token: OLD_TOKEN })],
    ["without one", () => post(`${PAGE}/return`, { access_token: OLD_TOKEN })],
    [
      "in another session of the same user",
      async (state) => {
        const cookie = await createSession(await accountId(user.name));
        return post(`${PAGE}/return`, { state, access_token: OLD_TOKEN }, cookie);
      },
    ],
    [
      "of another user",
      async (state) => {
        const { cookie } = await createUser();
        return post(`${PAGE}/return`, { state, access_token: OLD_TOKEN }, cookie);
      },
    ],
    [
      "from another site",
      (state) =>
        sendForm(
          `${PAGE}/return`,
          { state, access_token: OLD_TOKEN },
          { cookie: user.cookie, Origin: "https://evil.example" },
        ),
    ],
  ])("takes no answer %s", async (_, answer) => {
    const url = await begin(old().address);
    const response = await answer(url.searchParams.get("state") as string);
    expect([400, 403]).toContain(response.status);
    expect(await env.USERS.getByName(user.name).getMoveIn()).toBeNull();
  });

  it("takes an answer once", async () => {
    const url = await begin(old().address);
    const fields = { state: url.searchParams.get("state") as string, access_token: OLD_TOKEN };
    expect((await post(`${PAGE}/return`, fields)).status).toBe(303);
    expect((await post(`${PAGE}/return`, fields)).status).toBe(400);
    expect(await loadMove(app)).toMatchObject({ pass: 1 });
  });

  it.each([{ error: "access_denied" }, { access_token: "" }, { access_token: "two words" }])(
    "says that there is no access after %o",
    async (answer) => {
      const url = await begin(old().address);
      const state = url.searchParams.get("state") as string;
      const response = await post(`${PAGE}/return`, { state, ...answer } as Record<string, string>);
      expect(response.status).toBe(400);
      expect(await textOf(response)).toContain("The old provider gave no access.");
      expect(await env.USERS.getByName(user.name).getMoveIn()).toBeNull();
    },
  );
});

describe("Moving in by the code grant with PKCE", () => {
  it("from Satchel to Satchel", async () => {
    startOldProvider({});
    const alice = await createUser();
    const theirs = await connectApp(alice);
    await theirs.put("/notes/a", "theirs");
    const url = await begin(`${alice.name}@satchel.example`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: "code",
      scope: "*:r",
      code_challenge_method: "S256",
    });
    const consent = await sendForm(
      url.pathname + url.search,
      { decision: "allow", duration: "always" },
      { cookie: alice.cookie },
    );
    const back = new URL(locationOf(consent));
    expect(back.origin + back.pathname).toBe(`${PAGE}/return`);
    expect(locationOf(await get(back.href))).toBe("/transfer/move-in");
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1 } });
    expect(await loadContents(app)).toEqual({ "/notes/a": "text/plain theirs" });
    expect((await get(back.href)).status).toBe(400);
  });

  it("says so if the old provider refuses", async () => {
    startOldProvider({});
    const alice = await createUser();
    const url = await begin(`${alice.name}@satchel.example`);
    const state = url.searchParams.get("state");
    const denied = await get(`${PAGE}/return?error=access_denied&state=${state}`);
    expect([denied.status, await textOf(denied)]).toEqual([
      400,
      expect.stringContaining("The old provider gave no access."),
    ]);
    const again = await begin(`${alice.name}@satchel.example`);
    const wrong = `${PAGE}/return?code=wrong&state=${again.searchParams.get("state")}`;
    expect((await get(wrong)).status).toBe(400);
    expect(await env.USERS.getByName(user.name).getMoveIn()).toBeNull();
  });
});

describe("The form", () => {
  it("takes a token instead", async () => {
    const { address } = startOldProvider(documentsOf({ "/a": "1" }));
    const response = await post(PAGE, { address, token: ` ${OLD_TOKEN} ` });
    expect(locationOf(response)).toBe("/transfer/move-in");
    expect(await runMove(app)).toMatchObject({ state: "done", counts: { created: 1 } });
  });

  it.each([
    ["", "Type an address such as"],
    ["alice", "Type an address such as"],
    ["alice@new.example", "That is an address of this provider."],
    ["alice@NEW.example", "That is an address of this provider."],
    ["alice@nobody.example", "The old provider doesn’t answer."],
    ["alice@localhost", "is at an address that isn’t public"],
    ["alice@10.0.0.1", "is at an address that isn’t public"],
    ["alice@2130706433", "is at an address that isn’t public"],
    ["alice@[::ffff:169.254.169.254]", "is at an address that isn’t public"],
    ["alice@printer.local", "is at an address that isn’t public"],
    ["alice@intranet", "is at an address that isn’t public"],
  ])("refuses %o", async (address, sentence) => {
    const { requests } = startOldProvider({});
    const response = await post(PAGE, { address });
    expect(response.status).toBe(400);
    expect(await textOf(response)).toContain(sentence);
    expect(requests.filter((request) => !request.includes(".well-known"))).toEqual([]);
    expect(await env.USERS.getByName(user.name).getMoveIn()).toBeNull();
  });

  it("refuses an address to which the old provider redirects, if it is not public", async () => {
    const old = startOldProvider({});
    const location = "https://192.168.0.1/.well-known/webfinger";
    old.trouble = () => new Response(null, { status: 302, headers: { Location: location } });
    expect(await textOf(await post(PAGE, { address: old.address }))).toContain("isn’t public");
    expect(old.received.map(({ url }) => new URL(url).host)).not.toContain("192.168.0.1");
  });

  it("says that the old provider has no storage for the address, or no dialog", async () => {
    const old = startOldProvider({});
    old.properties = {};
    const response = await post(PAGE, { address: old.address });
    expect(await textOf(response)).toContain("has no page that gives access");
    old.trouble = () => Response.json({ links: [] });
    expect(await textOf(await post(PAGE, { address: old.address }))).toContain(
      "There is no remoteStorage at this address.",
    );
  });

  it("refuses what is no token", async () => {
    const { address, requests } = startOldProvider({});
    expect((await post(PAGE, { address, token: "a\nb" })).status).toBe(400);
    expect(requests).toEqual([]);
  });

  it("starts no second move while one has not ended", async () => {
    const old = startOldProvider({});
    await startMove(app, { address: "bob@other.example", root: "https://other.example/bob" });
    const response = await post(PAGE, { address: old.address, token: OLD_TOKEN });
    expect(await textOf(response)).toContain("Another move has not ended yet.");
    expect(await loadMove(app)).toMatchObject({ address: "bob@other.example" });
  });
});

describe("The page of a move", () => {
  it("pauses, resumes and cancels", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    for (const [action, state] of [
      ["pause", "paused"],
      ["resume", "running"],
      ["fly", "running"],
      ["cancel", "cancelled"],
    ] as const) {
      expect((await post(`${PAGE}/actions`, { action })).status).toBe(303);
      expect(await loadMove(app)).toMatchObject({ state });
    }
    expect(await textOf(await get(PAGE))).toContain("You cancelled this move.");
  });

  it("is kept up to date, with script and without", async () => {
    const old = startOldProvider(documentsOf({ "/a": "1" }));
    await startMove(app, old);
    const page = await (await get(PAGE)).text();
    expect(page).toContain('<noscript><meta http-equiv="refresh"');
    expect(page).toContain('data-task="/transfer/move-in/progress"');
    const progress = await get(`${PAGE}/progress`);
    expect(await progress.json()).toEqual({
      ...{ state: "running", looked: 0, total: 0 },
      text: "Waiting to start.",
    });
  });

  it("shows the report, page by page", async () => {
    const bodies = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`/n/${i}`, "x"]));
    const old = startOldProvider(documentsOf(bodies));
    old.trouble = (_, path) => (/\d$/.test(path) ? new Response(null, { status: 403 }) : undefined);
    await startMove(app, old);
    await runMove(app);
    expect(await loadReport(app)).toHaveLength(60);
    const first = await (await get(PAGE)).text();
    expect(first.match(/doesn’t allow it/g)).toHaveLength(50);
    expect(first).toContain('href="/transfer/move-in?after=50#report"');
    const second = await (await get(`${PAGE}?after=50`)).text();
    expect(second.match(/doesn’t allow it/g)).toHaveLength(10);
  });

  it("is that of the account, and not of one that had its name before", async () => {
    const old = startOldProvider({});
    const owner = { account: "another", user: user.name };
    const request = { ...old, onConflict: "keep", clientId: NEW } as const;
    const { address, root, onConflict, clientId } = request;
    await env.USERS.getByName(user.name).startMoveIn(
      owner,
      { address, root, onConflict, clientId },
      { token: "x", expiresAt: null, refresh: null },
    );
    expect(await textOf(await get(PAGE))).toContain("Your address at the old provider");
    expect((await get(`${PAGE}/progress`)).status).toBe(404);
  });

  it("needs a sign-in", async () => {
    const pages = [PAGE, `${PAGE}/new`, `${PAGE}/progress`, `${PAGE}/return`];
    for (const url of pages) expect(locationOf(await get(url, ""))).toContain("/sign-in?");
    expect(locationOf(await get(`${NEW}/transfer/move-out`, ""))).toContain("/sign-in?");
  });
});

it("Moving out is said step by step, and deletion comes last", async () => {
  const page = await (await get(`${NEW}/transfer/move-out`)).text();
  expect(findElements(page, "h2").length).toBe(5);
  const links = [...page.matchAll(/class="button[^"]*" href="([^"]+)"/g)].map(([, href]) => href);
  expect(links).toEqual(["/transfer/export", "/apps/tokens", "/data", "/settings/delete"]);
  expect(page).toContain(`${user.name}@new.example`);
});
