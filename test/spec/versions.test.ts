/** The versions of a document: listed, shown, compared, downloaded and restored. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documentFromPath } from "../../src/core/path";
import { bodyKey } from "../../src/storage/bodies";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import { createOwner, type Owner } from "../support/owner";
import { APP_ORIGIN, encodePath, send } from "../support/provider";
import { accountId, activityRows, allRows } from "../support/rows";
import { etagVersion, expectUnchanged, setQuota } from "../support/storage";

let owner: Owner;
let restoreBindings = () => {};

beforeEach(async () => {
  owner = await createOwner();
});

afterEach(() => {
  restoreBindings();
  restoreBindings = () => {};
});

/** Stores a text and returns its version. */
async function put(path: string, text: string, type = "text/plain"): Promise<string> {
  const response = await owner.app.put(encodePath(path), text, { "Content-Type": type });
  return etagVersion(response) as string;
}

/** The texts of the items of a page's list. */
async function listed(path: string, language = "en"): Promise<string[]> {
  const response = await owner.get(path, { "Accept-Language": language });
  expect(response.status).toBe(200);
  const html = await response.text();
  return [...html.matchAll(/<li>(.*?)<\/li>/gs)]
    .map(([, item = ""]) => mainText(`<main>${item}</main>`))
    .filter((text) => text.includes("byte") || text.includes("Byte"));
}

const restore = (path: string, version: string, expected: string): Promise<Response> =>
  owner.post(`/versions${encodePath(path)}`, [
    ["version", version],
    ["expected", expected],
  ]);

describe("The versions of a document", () => {
  it("are listed with time, size, type and author, the latest first", async () => {
    advanceClock(0);
    await put("/notes/a", "1");
    advanceClock(2 * MINUTE_MS);
    await put("/notes/a", "22", "text/markdown; charset=utf-8");
    const [latest, first, ...others] = await listed("/versions/notes/a");
    expect(others).toEqual([]);
    expect(latest).toContain("Current 2 bytes · text/markdown; charset=utf-8");
    expect(first).toContain("1 byte · text/plain");
    for (const item of [latest, first]) {
      expect(item).toContain(`by ${APP_ORIGIN}`);
      expect(item).not.toContain("Uploaded");
    }
    const html = await (await owner.get("/versions/notes/a")).text();
    const [newer, older] = findElements(html, "time").map(({ datetime = "" }) =>
      Date.parse(datetime),
    );
    expect(Number(newer) - Number(older)).toBe(2 * MINUTE_MS);
  });

  it("that were imported say when they were modified before, also where they are copied to", async () => {
    const original = { "Satchel-Original-Time": "2001-02-03T04:05:06.007Z" };
    const imported = etagVersion(await owner.app.put("/notes/a", "1", original));
    expect((await listed("/versions/notes/a"))[0]).toContain(
      "imported, modified Feb 3, 2001, 4:05",
    );
    expect((await listed("/versions/notes/a", "de"))[0]).toContain(
      "importiert, geändert 03.02.2001",
    );
    expect(await owner.read("/files/notes/a")).toContain("Modified before the import Feb 3, 2001");
    const current = await put("/notes/a", "2");
    expect(await owner.read("/files/notes/a")).not.toContain("before the import");
    expect((await restore("/notes/a", imported as string, current)).status).toBe(303);
    expect(await owner.read("/files/notes/a")).toContain("Modified before the import");
    for (const nonsense of [
      "x",
      "2001-02-03",
      "1900-01-01T00:00:00Z",
      "2001-99-03T04:05:06Z",
      "9".repeat(5000),
    ]) {
      const response = await owner.app.put("/notes/b", "1", { "Satchel-Original-Time": nonsense });
      expect(response.ok).toBe(true);
      expect((await listed("/versions/notes/b"))[0]).not.toContain("imported");
    }
  });

  it("that the user wrote on the pages say so", async () => {
    const first = await put("/notes/a", "1");
    const current = await put("/notes/a", "2");
    expect((await restore("/notes/a", first, current)).status).toBe(303);
    expect((await listed("/versions/notes/a"))[0]).toContain("by you, on these pages");
    expect((await listed("/versions/notes/a", "de"))[0]).toContain("von dir, auf diesen Seiten");
  });

  it("of which no commit is recorded say when they were uploaded, and name the app of their grant", async () => {
    await put("/notes/a", "1");
    await put("/notes/a", "2");
    await owner.loseJournal();
    const [latest, first] = await listed("/versions/notes/a");
    expect(latest).not.toContain("Uploaded");
    expect(first).toMatch(/^Uploaded /);
    for (const item of [latest, first]) expect(item).toContain(`by ${APP_ORIGIN}`);
  });

  it("never claim to know more than is known of their author", async () => {
    const version = await put("/notes/a", "1");
    await put("/notes/b", "1");
    await owner.loseJournal();
    await owner.post("/apps/disconnect-all", []);
    expect((await listed("/versions/notes/b"))[0]).toContain("by an app whose access has ended");
    const key = await bodyKey(
      await accountId(owner.user.name),
      documentFromPath("/notes/a"),
      version,
    );
    await env.BODIES.put(key, "1", { customMetadata: { path: "/notes/a", type: "text/plain" } });
    expect((await listed("/versions/notes/a"))[0]).toContain("it isn’t known by whom");
  });

  it("are found with one listing of the bucket", async () => {
    await put("/notes/a", "1");
    await put("/notes/a", "2");
    let lists = 0;
    const list = env.BODIES.list.bind(env.BODIES);
    Object.defineProperty(env.BODIES, "list", {
      configurable: true,
      value: (options: R2ListOptions) => {
        lists++;
        return list(options);
      },
    });
    restoreBindings = () => Reflect.deleteProperty(env.BODIES, "list");
    await listed("/versions/notes/a");
    expect(lists).toBe(1);
  });

  it("of a deleted document remain, and it says when and by whom it was deleted", async () => {
    await put("/notes/a", "1");
    await owner.app.delete("/notes/a");
    const text = await owner.read("/versions/notes/a");
    expect(text).toMatch(/This document is deleted\. +Deleted .*, by https:\/\/app\.example *\./);
    expect(text).not.toContain("Current");
  });

  it("of a document whose deletion only the sweep has noticed: it says before when it was deleted", async () => {
    await put("/notes/a", "1");
    await owner.app.delete("/notes/a");
    await owner.loseJournal();
    expect(await owner.read("/versions/notes/a")).toContain("This document is deleted.");
    advanceClock(DAY_MS + MINUTE_MS);
    await owner.sweep();
    expect(await owner.read("/versions/notes/a")).toMatch(
      /Deleted before .*it isn’t known by whom/,
    );
  });

  it("are in pages", async () => {
    for (let i = 0; i < 53; i++) await put("/notes/a", `${i}`);
    const first = await (await owner.get("/versions/notes/a")).text();
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    expect(await listed("/versions/notes/a")).toHaveLength(50);
    expect(await listed(next)).toHaveLength(3);
  });

  it("are found only by the owner: another user and a visitor get nothing", async () => {
    const version = await put("/notes/secret", "classified");
    const other = await createOwner();
    for (const query of ["", `?version=${version}`, `?version=${version}&download`]) {
      const response = await other.get(`/versions/notes/secret${query}`);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain("classified");
      const visit = await send(`/versions/notes/secret${query}`);
      expect([visit.status, visit.headers.get("location")]).toEqual([
        303,
        expect.stringContaining("/sign-in"),
      ]);
    }
    const response = await send(`/storage/${owner.user.name}/notes/secret`);
    expect(response.status).toBe(401);
  });

  it("of what was never there: 404", async () => {
    for (const path of ["/versions/notes/none", "/versions/notes/", "/versions/a/../b/%2e%2e"]) {
      expect([path, (await owner.get(path)).status]).toEqual([path, 404]);
    }
  });
});

describe("A version", () => {
  it("is shown as text, with whatever it contains as text", async () => {
    const text = `<script>alert("x")</script>\n&amp; </pre><img src=x onerror=alert(1)>`;
    const version = await put("/notes/a", text, "text/html");
    const html = await (await owner.get(`/versions/notes/a?version=${version}`)).text();
    expect(mainText(html)).toContain(text.replace(/\s+/g, " "));
    expect(findInlineCode(html)).toEqual([]);
  });

  it("that is a picture is shown by a preview of that version, also when it is an earlier one", async () => {
    const version = await put("/notes/a.png", "first", "image/png; charset=binary");
    await put("/notes/a.png", "second", "image/png");
    const html = await (await owner.get(`/versions/notes/a.png?version=${version}`)).text();
    const image = findElements(html, "img").find(({ src }) => src?.includes("/preview/"));
    const preview = await send(image?.src ?? "");
    expect([preview.status, preview.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect(await preview.text()).toBe("first");
  });

  it("is downloaded as a file, which no browser opens", async () => {
    const version = await put("/notes/page é.html", "<script>1</script>", "text/html");
    await put("/notes/page é.html", "later", "text/html");
    const path = `/versions${encodePath("/notes/page é.html")}?version=${version}&download`;
    const response = await owner.get(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("<script>1</script>");
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="page _.html"; filename*=UTF-8''page%20%C3%A9.html`,
    );
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const part = await owner.get(path, { Range: "bytes=1-6" });
    expect([part.status, await part.text()]).toEqual([206, "script"]);
  });

  it("that is no longer kept: 404, with a link back", async () => {
    await put("/notes/a", "1");
    const response = await owner.get("/versions/notes/a?version=none");
    expect(response.status).toBe(404);
    expect(findElements(await response.text(), "a")).toContainEqual({ href: "/versions/notes/a" });
  });
});

describe("Two versions", () => {
  it("are compared line by line, the older one first, in whatever order they are chosen", async () => {
    const first = await put("/notes/a", "same\nold line\n");
    advanceClock(MINUTE_MS);
    const second = await put("/notes/a", "same\nnew line\n");
    for (const [a, b] of [
      [first, second],
      [second, first],
    ]) {
      const html = await (
        await owner.get(`/versions/notes/a?version=${a}&version=${b}&compare=yes`)
      ).text();
      expect(html).toMatch(/<del>[^<]*old line/);
      expect(html).toMatch(/<ins>[^<]*new line/);
    }
  });

  it("have to be chosen: one or three are refused", async () => {
    const versions = [await put("/notes/a", "1"), await put("/notes/a", "2")];
    const third = await put("/notes/a", "3");
    for (const chosen of [[], [third], [...versions, third]]) {
      const query = new URLSearchParams([
        ...chosen.map((version) => ["version", version]),
        ["compare", "yes"],
      ]);
      const response = await owner.get(`/versions/notes/a?${query}`);
      expect(response.status).toBe(400);
      expect(mainText(await response.text())).toContain("Select exactly two versions");
    }
  });

  it("that are not text, or too long, are not compared, and the page says so", async () => {
    const picture = await put("/notes/a", "1", "image/png");
    const text = await put("/notes/a", "1");
    const long = await put("/notes/a", "x".repeat(300_000));
    const compare = (a: string, b: string) =>
      owner.read(`/versions/notes/a?version=${a}&version=${b}`);
    expect(await compare(picture, text)).toContain("Only texts can be compared.");
    expect(await compare(text, long)).toContain("Only texts of up to");
  });
});

describe("Restoring a version", () => {
  it("makes a new version with its bytes and type, and keeps the one it replaces", async () => {
    const first = await put("/notes/a", "first", "text/markdown");
    const current = await put("/notes/a", "second");
    const page = await (await owner.get(`/versions/notes/a?version=${first}`)).text();
    expect([fieldValue(page, "version"), fieldValue(page, "expected")]).toEqual([first, current]);
    const response = await restore("/notes/a", first, current);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/versions/notes/a?restored",
    ]);
    const restored = await owner.app.get("/notes/a");
    expect(await restored.text()).toBe("first");
    expect(restored.headers.get("content-type")).toBe("text/markdown");
    expect([first, current]).not.toContain(etagVersion(restored));
    expect(await listed("/versions/notes/a")).toHaveLength(3);
    expect(await owner.read("/versions/notes/a?restored")).toContain("Restored, as a new version.");
    expect((await restore("/notes/a", current, etagVersion(restored) as string)).status).toBe(303);
    expect(await (await owner.app.get("/notes/a")).text()).toBe("second");
  });

  it("is in the activity log", async () => {
    const first = await put("/notes/a", "1");
    await restore("/notes/a", first, await put("/notes/a", "2"));
    expect(await activityRows(owner.user.name)).toContainEqual({
      kind: "files-edited",
      module: "notes",
    });
  });

  it("is refused if an app has written meanwhile: nothing is overwritten (412)", async () => {
    const first = await put("/notes/a", "1");
    const seen = await put("/notes/a", "2");
    await put("/notes/a", "by an app");
    await expectUnchanged(owner.app, async () => {
      const response = await restore("/notes/a", first, seen);
      expect(response.status).toBe(412);
      expect(mainText(await response.text())).toContain("Nothing was overwritten");
    });
    expect(await (await owner.app.get("/notes/a")).text()).toBe("by an app");
  });

  it("brings back a deleted document, unless it exists again", async () => {
    const version = await put("/notes/a", "1");
    await owner.app.delete("/notes/a");
    const page = await (await owner.get(`/versions/notes/a?version=${version}`)).text();
    expect(fieldValue(page, "expected")).toBe("");
    expect((await restore("/notes/a", version, "")).status).toBe(303);
    expect(await (await owner.app.get("/notes/a")).text()).toBe("1");
    await expectUnchanged(owner.app, async () => {
      expect((await restore("/notes/a", version, "")).status).toBe(412);
    });
  });

  it("is refused without free space (507), in place of a folder (409), or if it is gone (404)", async () => {
    const large = await put("/notes/a", "x".repeat(5000));
    const current = await put("/notes/a", "2");
    await setQuota(owner.app, 3000);
    await expectUnchanged(owner.app, async () => {
      expect((await restore("/notes/a", large, current)).status).toBe(507);
    });
    await setQuota(owner.app, null);
    await owner.app.delete("/notes/a");
    await put("/notes/a/b", "1");
    await expectUnchanged(owner.app, async () => {
      expect((await restore("/notes/a", large, "")).status).toBe(409);
      expect((await restore("/notes/none", large, "")).status).toBe(404);
    });
  });

  it("by another user, or by a visitor, does nothing", async () => {
    const first = await put("/notes/a", "1");
    const current = await put("/notes/a", "2");
    const other = await createOwner();
    const fields: [string, string][] = [
      ["version", first],
      ["expected", current],
    ];
    const before = await allRows();
    expect((await other.post("/versions/notes/a", fields)).status).toBe(404);
    const visit = await send("/versions/notes/a", {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Origin: "https://satchel.example" },
    });
    expect(visit.headers.get("location")).toContain("/sign-in");
    expect(await allRows()).toEqual(before);
  });
});

describe("Names and texts of any kind", () => {
  it.each([
    `<img src=x onerror=alert(1)>`,
    `"'&<b>`,
    "\u202egnp.exe",
    "🙂".repeat(60),
    "a b?c#d%25",
  ])("run no script, and lead to the document: %s", async (name) => {
    const path = `/notes/${name}`;
    const version = await put(path, name);
    await put(path, `${name}2`);
    for (const query of ["", `?version=${version}`]) {
      const response = await owner.get(`/versions${encodePath(path)}${query}`);
      const html = await response.text();
      expect(response.status).toBe(200);
      expect(findInlineCode(html)).toEqual([]);
      // What would turn text around is shown as a symbol.
      const shown = name.replace("\u202e", "\ufffd").replace(/\s+/g, " ");
      expect(mainText(html)).toContain(shown);
      expect(html).toContain("<bdi>");
    }
  });
});
