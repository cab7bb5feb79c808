/** Editing texts on the pages: saved with If-Match, and nothing is overwritten. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { limitOwnFolders, limitUser } from "../../src/http/rate-limits";
import { freezeClock } from "../support/clock";
import { breakCalls, withFault } from "../support/fault-injection";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import {
  connectApp,
  createSession,
  createUser,
  encodePath,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows } from "../support/rows";
import { expectUnchanged, setQuota } from "../support/storage";

let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
});

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

const editUrl = (path: string): string => `/files${encodePath(path)}?view=edit`;

const openForm = ({ cookie }: TestUser, path: string, language = "en"): Promise<Response> =>
  send(editUrl(path), { headers: { Cookie: cookie, "Accept-Language": language } });

/** The text in the form, as a browser has it. */
const textIn = (html: string): string =>
  mainTextOfField(/<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(html)?.[1] ?? "");

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

const mainTextOfField = (text: string): string =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ENTITIES[name] ?? "");

/** Submits the form as a browser would: each line ends with "\r\n". */
function save(
  { cookie }: TestUser,
  path: string,
  html: string,
  text = textIn(html),
): Promise<Response> {
  const hidden = findElements(html, "input").flatMap(({ name, value = "", type }) =>
    type === "hidden" ? [[name, value]] : [],
  );
  const fields = { ...Object.fromEntries(hidden), text: text.replace(/\r\n|\r|\n/g, "\r\n") };
  return sendForm(editUrl(path), fields, { cookie });
}

const bytesOf = async (app: TestApp, path: string): Promise<string> =>
  Buffer.from(await (await app.get(encodePath(path))).arrayBuffer()).toString("binary");

describe("A text that is saved", () => {
  it("replaces the document with If-Match, keeps its type, and is in the activity log", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one\n", { "Content-Type": "text/markdown; charset=UTF-8" });
    const before = await app.version("/notes/a");
    const html = await (await openForm(user, "/notes/a")).text();
    expect(findInlineCode(html)).toEqual([]);
    expect(textIn(html)).toBe("one\n");
    const saved = await save(user, "/notes/a", html, "two <b> & more\n");
    expect([saved.status, saved.headers.get("location")]).toEqual([303, "/files/notes/a?saved"]);
    const response = await app.get("/notes/a");
    expect(response.headers.get("content-type")).toBe("text/markdown; charset=UTF-8");
    expect(await response.text()).toBe("two <b> & more\n");
    expect(response.headers.get("etag")).not.toBe(before);
    const headers = { Cookie: user.cookie };
    const page = await (await send("/files/notes/a?saved", { headers })).text();
    expect(mainText(page)).toContain("Saved.");
    expect(await activityRows(user.name)).toContainEqual({ kind: "files-edited", module: "notes" });
  });

  it.each([
    ["with line breaks of Unix", "a\n\nb\n"],
    ["with line breaks of Windows", "a\r\n\r\nb\r\n"],
    ["with line breaks of old Macs", "a\r\rb"],
    ["with line breaks at its beginning", "\n\na"],
    ["with a byte order mark", "\ufeffa\nb"],
    ["in many scripts", "ü 日本 🎒\n\u202e\u0001"],
    ["with markup", "</textarea><script>alert(1)</script>&amp;"],
    ["without anything", ""],
  ])("has the same bytes if it was not changed: %s", async (_, text) => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", text);
    const before = await bytesOf(app, "/notes/a");
    const version = await app.version("/notes/a");
    const html = await (await openForm(user, "/notes/a")).text();
    expect(findInlineCode(html)).toEqual([]);
    expect((await save(user, "/notes/a", html)).status).toBe(303);
    expect(await bytesOf(app, "/notes/a")).toBe(before);
    expect(await app.version("/notes/a")).not.toBe(version);
  });

  it("has to be valid JSON if it was JSON", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", '{"a":1}', { "Content-Type": "application/json" });
    const html = await (await openForm(user, "/notes/a")).text();
    await expectUnchanged(app, async () => {
      const refused = await save(user, "/notes/a", html, '{"a":');
      const page = await refused.text();
      expect([refused.status, textIn(page)]).toEqual([422, '{"a":']);
      expect(mainText(page)).toContain("This is not valid JSON, so it was not saved");
    });
    expect((await save(user, "/notes/a", html, '{"a":2}')).status).toBe(303);
  });
});

describe("A document that cannot be edited", () => {
  it.each([
    ["of another encoding", "text/plain; charset=iso-8859-1", "a"],
    ["that is not UTF-8", "text/plain", Uint8Array.of(0xff, 0xfe)],
    ["with a null character", "text/plain", "a\0b"],
    ["whose lines end differently", "text/plain", "a\r\nb\nc"],
    ["that is too long", "text/plain", "x".repeat(262_145)],
    ["that is no text", "image/png", "x"],
  ])("says so, and is not changed by a form: %s", async (_, type, body) => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", body, { "Content-Type": type });
    const response = await openForm(user, "/notes/a");
    expect([response.status, mainText(await response.text())]).toEqual([
      422,
      expect.stringContaining("cannot be edited here"),
    ]);
    const html = await (await send("/files/notes/a", { headers: { Cookie: user.cookie } })).text();
    expect(findElements(html, "a").map(({ href }) => href)).not.toContain("?view=edit");
  });
});

describe("What an app has saved meanwhile", () => {
  it("is not overwritten: both texts and their difference are shown, and the next attempt is against it", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one\ntwo\nthree\n");
    const html = await (await openForm(user, "/notes/a")).text();
    await app.put("/notes/a", "one\n2 of the app\nthree\n");
    const conflict = await expectUnchanged(app, () =>
      save(user, "/notes/a", html, "one\nmine\nthree\n"),
    );
    const page = await conflict.text();
    expect(conflict.status).toBe(409);
    expect(mainText(page)).toContain("was changed meanwhile. Nothing was overwritten.");
    expect(page).toMatch(/<del>− 2 of the app<\/del><ins>\+ mine<\/ins>/);
    expect(textIn(page)).toBe("one\nmine\nthree\n");
    expect(fieldValue(page, "version")).toBe((await app.version("/notes/a"))?.replaceAll('"', ""));
    await app.put("/notes/a", "again\n");
    const again = await expectUnchanged(app, () => save(user, "/notes/a", page));
    expect(again.status).toBe(409);
    expect((await save(user, "/notes/a", await again.text())).status).toBe(303);
    expect(await bytesOf(app, "/notes/a")).toBe("one\nmine\nthree\n");
  });

  it("is found by the commit, too, if it happens while the form is being handled", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const answers = await Promise.all(
      ["mine 1", "mine 2", "mine 3"].map((text) => save(user, "/notes/a", html, text)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const winner = answers.findIndex(({ status }) => status === 303);
    expect(await bytesOf(app, "/notes/a")).toBe(`mine ${winner + 1}`);
  });

  it("may be a deletion: nothing is created, until the user asks for it", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one", { "Content-Type": "text/markdown" });
    const html = await (await openForm(user, "/notes/a")).text();
    await app.delete("/notes/a");
    const deleted = await expectUnchanged(app, () => save(user, "/notes/a", html, "mine"));
    const page = await deleted.text();
    expect([deleted.status, mainText(page)]).toEqual([
      409,
      expect.stringContaining("was deleted meanwhile"),
    ]);
    expect((await save(user, "/notes/a", page)).status).toBe(303);
    const created = await app.get("/notes/a");
    expect([created.headers.get("content-type"), await created.text()]).toEqual([
      "text/markdown",
      "mine",
    ]);
  });

  it("may be something that is no text", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    await app.put("/notes/a", "x", { "Content-Type": "image/png" });
    const conflict = await expectUnchanged(app, () => save(user, "/notes/a", html, "mine"));
    const page = await conflict.text();
    expect([conflict.status, mainText(page)]).toEqual([
      409,
      expect.stringContaining("no longer a text"),
    ]);
    const refused = await expectUnchanged(app, () => save(user, "/notes/a", page));
    expect(refused.status).toBe(422);
  });
});

describe("A text that is refused", () => {
  it("is shown again with the reason, and nothing has changed: no space left", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    await setQuota(app, 1);
    const refused = await expectUnchanged(app, () =>
      save(user, "/notes/a", html, "longer than before"),
    );
    const page = await refused.text();
    expect([refused.status, textIn(page)]).toEqual([507, "longer than before"]);
    expect(mainText(page)).toContain("Your storage is full");
  });

  it("is shown again with the reason, and nothing has changed: R2 fails", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const refused = await expectUnchanged(app, async () => {
      restore = breakCalls(env.BODIES, "put", Array(5).fill("refused"));
      const response = await save(user, "/notes/a", html, "two");
      restore();
      return response;
    });
    const page = await refused.text();
    expect([refused.status, textIn(page)]).toEqual([503, "two"]);
  });

  it.each([
    ["before the session is known", 0],
    ["before the document is read", 1],
  ])("is shown again with the reason, and nothing has changed: D1 fails %s", async (_, at) => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const { result: refused } = await expectUnchanged(app, () =>
      withFault({ at, kind: "lost", isPermanent: true }, () => save(user, "/notes/a", html, "two")),
    );
    const page = await refused.text();
    expect([refused.status, textIn(page)]).toEqual([503, "two"]);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect((await save(user, "/notes/a", page)).status).toBe(303);
    expect(await (await app.get("/notes/a")).text()).toBe("two");
  });

  it("is shown again with the reason, and nothing has changed: too many writes in deep folders", async () => {
    freezeClock();
    const { user, app } = await userWithApp();
    const path = `/notes/${"d/".repeat(60)}a`;
    await app.put(path, "one");
    const html = await (await openForm(user, path)).text();
    // As many writes as the limit allows, of others in these folders.
    const account = await accountId(user.name);
    while (limitOwnFolders(account, 9, Date.now()) === null);
    const refused = await expectUnchanged(app, () => save(user, path, html, "two"));
    const page = await refused.text();
    expect([refused.status, textIn(page)]).toEqual([429, "two"]);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(mainText(page)).toContain("You’ve sent too many requests.");
  });

  it("is still there when the session has ended: it can be saved after signing in elsewhere", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    await sendForm("/sign-out", {}, { cookie: user.cookie });
    const typed = "</textarea><script>two</script>\n";
    const refused = await expectUnchanged(app, () => save(user, "/notes/a", html, typed));
    const page = await refused.text();
    expect([refused.status, textIn(page)]).toEqual([403, typed]);
    expect(refused.headers.get("location")).toBeNull();
    expect(findInlineCode(page)).toEqual([]);
    expect(mainText(page)).toContain("You are no longer signed in");
    expect(findElements(page, "a")).toContainEqual(
      expect.objectContaining({ href: "/sign-in", target: "_blank" }),
    );
    const again = { ...user, cookie: await createSession(await accountId(user.name)) };
    expect((await save(again, "/notes/a", page)).status).toBe(303);
    expect(await (await app.get("/notes/a")).text()).toBe(typed);
  });

  it("is shown again if the user has sent too many forms", async () => {
    freezeClock();
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const account = await accountId(user.name);
    while (limitUser(account, Date.now()) === null);
    const refused = await expectUnchanged(app, () => save(user, "/notes/a", html, "two"));
    expect([refused.status, textIn(await refused.text())]).toEqual([429, "two"]);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  });

  it("comes from another site, or without a session", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const version = fieldValue(html, "version") ?? "";
    await expectUnchanged(app, async () => {
      const headers = { cookie: user.cookie, Origin: "https://evil.example" };
      expect((await sendForm(editUrl("/notes/a"), { version, text: "x" }, headers)).status).toBe(
        403,
      );
      const signedOut = await sendForm(editUrl("/notes/a"), { version, text: "x" });
      expect(signedOut.status).toBe(403);
      const { cookie } = await createUser();
      const other = await sendForm(editUrl("/notes/a"), { version, text: "x" }, { cookie });
      expect(other.status).toBe(409);
    });
  });

  it("is larger than a form may be", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "one");
    const html = await (await openForm(user, "/notes/a")).text();
    const refused = await expectUnchanged(app, () =>
      save(user, "/notes/a", html, "x".repeat(2_200_000)),
    );
    expect(refused.status).toBe(413);
  });
});
