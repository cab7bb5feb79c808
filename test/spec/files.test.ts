/** The pages of folders and documents. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { fillFolder } from "../../bench/cost/fill-folder";
import { MAX_SORTED_ITEMS } from "../../src/storage/browse";
import { freezeClock } from "../support/clock";
import { fillIndex } from "../support/fill-index";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  encodePath,
  ORIGIN,
  send,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { expectUnchanged } from "../support/storage";
import { hosts } from "../support/urls";

const request = (
  { cookie }: TestUser,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  send(path, { headers: { Cookie: cookie, Accept: "text/html", ...headers } });

const open = async (user: TestUser, path: string, headers = {}): Promise<string> => {
  const response = await request(user, path, headers);
  expect([path, response.status]).toEqual([path, 200]);
  const html = await response.text();
  expect(findInlineCode(html)).toEqual([]);
  return html;
};

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

/** The cells of each row of the page's table, without its head. */
const rowsIn = (html: string): string[][] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/gs)]
    .map(([, row = ""]) =>
      [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell = ""]) =>
        mainText(`<main>${cell}</main>`),
      ),
    )
    .slice(1);

const namesIn = (html: string): string[] => rowsIn(html).map(([, name = ""]) => name);

const linksIn = (html: string): string[] => findElements(html, "a").map(({ href = "" }) => href);

/** Names that break careless pages, each possible as the name of a document. */
const HOSTILE_NAMES = [
  "<script>alert(1)<",
  "\"><img src=x onerror=alert(1)>'",
  "javascript:alert(1)",
  "\u202egnp.exe\u202d",
  "line\nbreak\rtab\tescape\u001b\u0085",
  "🎒".repeat(63),
  "%2F%00&amp;",
  "..%2f..",
  " spaces ",
  "?view=edit#x",
];

describe("The page of a folder", () => {
  it("leads to the sign-in page without a session, and back", async () => {
    const response = await send("/files/notes/?sort=size");
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(
      `/sign-in?${new URLSearchParams({ next: "/files/notes/?sort=size" })}`,
    );
  });

  it("lists modules, folders and documents, with the number and bytes that the index knows", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a.txt", "x".repeat(1500));
    await app.put("/notes/deep/er/b.txt", "x".repeat(500));
    await app.put("/public/photos/c", "123");
    const root = await open(user, "/files/");
    expect(rowsIn(root).map((row) => row.slice(0, 3))).toEqual([
      ["", "notes/", "2 kB in 2 documents"],
      ["", "public/", "3 bytes in 1 document"],
    ]);
    expect(mainText(root)).toContain("3 documents, 2 kB.");
    const notes = await open(user, "/files/notes/");
    expect(rowsIn(notes).map((row) => row.slice(0, 3))).toEqual([
      ["", "a.txt", "1.5 kB"],
      ["", "deep/", "500 bytes in 1 document"],
    ]);
    expect(linksIn(notes)).toEqual(
      expect.arrayContaining([
        "/files/",
        "/files/notes/a.txt",
        "/files/notes/deep/",
        "/go-back/notes/",
        "/bin/notes/",
        "?view=archive",
      ]),
    );
    const deep = await open(user, "/files/notes/deep/er/");
    expect(linksIn(deep)).toEqual(
      expect.arrayContaining(["/files/", "/files/notes/", "/files/notes/deep/"]),
    );
    expect(mainText(await open(user, "/files/public/photos/"))).toContain("Anyone who knows");
  });

  it("is empty for a folder that does not exist, and for an account without documents", async () => {
    const user = await createUser();
    expect(mainText(await open(user, "/files/"))).toContain("Nothing here yet.");
    expect(mainText(await open(user, "/files/no/such/"))).toContain("This folder is empty.");
    expect((await request(user, "/files")).headers.get("location")).toBe("/files/");
  });

  it.each(["/files/a//b", "/files/%00", "/files/%", "/files/a%2Fb", "/files/notes/?view=x"])(
    "is not found for a path that cannot be: %s",
    async (path) => {
      expect((await request(await createUser(), path)).status).toBe(404);
    },
  );

  it("shows nothing of other users", async () => {
    const { app } = await userWithApp();
    await app.put("/secret/a", "x");
    const other = await createUser();
    expect(mainText(await open(other, "/files/"))).not.toContain("secret");
    expect((await request(other, "/files/secret/a")).status).toBe(404);
  });

  it("shows hostile names as text, keeps their direction to themselves, and leads to them", async () => {
    const { user, app } = await userWithApp();
    for (const name of HOSTILE_NAMES) await app.put(encodePath(`/notes/${name}`), name);
    const html = await open(user, "/files/notes/");
    expect(rowsIn(html)).toHaveLength(HOSTILE_NAMES.length);
    expect(html).not.toMatch(/<script(?! src=)|<img src=x/);
    // It would turn the end of the name around, so that "exe" looks like "png".
    expect(html).not.toContain("\u202e");
    const paths = findElements(html, "input").flatMap(({ type, name, value = "" }) =>
      type === "checkbox" && name === "path" ? [value] : [],
    );
    expect(paths.map(decodeURIComponent).sort()).toEqual(
      HOSTILE_NAMES.map((name) => `/notes/${name}`).sort(),
    );
    for (const name of HOSTILE_NAMES) {
      const page = await open(user, encodePath(`/files/notes/${name}`));
      expect(page).not.toMatch(/<script(?! src=)|<img src=x/);
      const search = await open(user, `/files/?q=${encodeURIComponent(name)}`);
      expect(search).not.toMatch(/<script(?! src=)|<img src=x/);
      expect(linksIn(search)).toContain(encodePath(`/files/notes/${name}`));
    }
  });
});

describe("A large folder", () => {
  it("is shown a hundred items at a time by name, each once, whatever its size", async () => {
    const user = await createUser();
    await fillFolder(env.DB, await accountId(user.name), "/many/", 250);
    const names: string[] = [];
    const lengths: number[] = [];
    let path: string | undefined = "/files/many/";
    while (path !== undefined) {
      const html: string = await open(user, path);
      lengths.push(rowsIn(html).length);
      names.push(...namesIn(html));
      const next = linksIn(html).find((href) => href.startsWith("?after="));
      path = next && `/files/many/${next}`;
    }
    expect(lengths).toEqual([100, 100, 50]);
    expect(new Set(names).size).toBe(250);
    expect(names).toEqual(names.toSorted());
  });

  it.each([
    ["size", "length"],
    ["time", "modified"],
  ])("is sorted by %s, each item once, those with equal values by name", async (sort, column) => {
    const user = await createUser();
    const account = await accountId(user.name);
    await fillFolder(env.DB, account, "/many/", 250);
    await env.DB.prepare(
      `UPDATE nodes SET ${column} = CAST(substr(name, -7) AS INTEGER) / 100
       WHERE account = ? AND parent = '/many/'`,
    )
      .bind(account)
      .run();
    const names: string[] = [];
    let path: string | undefined = `/files/many/?sort=${sort}`;
    while (path !== undefined) {
      const html: string = await open(user, path);
      names.push(...namesIn(html));
      const next = linksIn(html).find((href) => /^\?sort=.*after=/.test(href));
      path = next && `/files/many/${next}`;
    }
    const nameOf = (i: number) => `generated-${String(i).padStart(7, "0")}`;
    const range = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => nameOf(from + i));
    expect(names).toEqual([...range(200, 250), ...range(100, 200), ...range(0, 100)]);
  });

  it("is sorted only up to so many items; above it says so, and shows them by name", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    await fillFolder(env.DB, account, "/many/", MAX_SORTED_ITEMS + 1);
    const tooMany = await open(user, "/files/many/?sort=size");
    expect(mainText(tooMany)).toContain("more than 10,000 items");
    expect(namesIn(tooMany)[0]).toBe("generated-0000000");
    await env.DB.prepare("DELETE FROM nodes WHERE account = ? AND name = 'generated-0000000'")
      .bind(account)
      .run();
    const sorted = await open(user, "/files/many/?sort=size");
    expect(mainText(sorted)).not.toContain("more than 10,000 items");
    expect(findElements(sorted, "th").find((th) => th["aria-sort"])?.["aria-sort"]).toBe(
      "descending",
    );
  });
});

describe("The search for names", () => {
  it("finds documents at any depth below the folder, in whatever case, and nothing else", async () => {
    const { user, app } = await userWithApp();
    const long = `/notes/${"long-folder-name-".repeat(10)}/deep`;
    for (const path of [
      "/notes/Café.txt",
      "/notes/a/b/my cafe\u0301",
      `${long}/CAFÉ`,
      "/notes/tea",
    ])
      await app.put(encodePath(path), "x");
    await app.put(encodePath("/other/café"), "x");
    const html = await open(user, `/files/notes/?q=${encodeURIComponent("café")}`);
    expect(
      linksIn(html)
        .filter((href) => /caf/i.test(decodeURIComponent(href)))
        .sort(),
    ).toEqual(
      ["/files/notes/Café.txt", "/files/notes/a/b/my cafe\u0301", `/files${long}/CAFÉ`]
        .map(encodePath)
        .sort(),
    );
    expect(mainText(html)).toContain("3 matches on this page. 4 of 4 documents checked.");
    expect(fieldValue(html, "q")).toBe("café");
    expect(mainText(await open(user, "/files/notes/?q=nothing"))).toContain("No match.");
  });

  it("looks at some thousands on each page, says how many, and goes on where it was", async () => {
    const user = await createUser();
    await fillIndex(user.name, 12_000);
    await env.DB.prepare(
      "UPDATE nodes SET name = 'needle' WHERE account = ? AND name IN ('7', '11999', '6001')",
    )
      .bind(await accountId(user.name))
      .run();
    const found: string[] = [];
    const looked: number[] = [];
    let path: string | undefined = "/files/many/?q=NEEDLE";
    while (path !== undefined) {
      const html: string = await open(user, path);
      found.push(...linksIn(html).filter((href) => href.endsWith("/needle")));
      looked.push(Number(/([\d,]+) of 12,000/.exec(mainText(html))?.[1]?.replace(",", "")));
      const next = linksIn(html).find((href) => href.startsWith("?q="));
      path = next && `/files/many/${next}`;
    }
    expect(found).toHaveLength(3);
    expect(looked.length).toBeGreaterThan(2);
    expect(looked).toEqual(looked.toSorted((a, b) => a - b));
    expect(looked.at(-1)).toBe(12_000);
  });

  it("ends a page after a hundred matches, and repeats none of them", async () => {
    const user = await createUser();
    await fillIndex(user.name, 250);
    const found: string[] = [];
    let path: string | undefined = "/files/?q=1";
    while (path !== undefined) {
      const html: string = await open(user, path);
      found.push(...linksIn(html).filter((href) => /^\/files\/many\/\d+\/\d\/\d+$/.test(href)));
      const next = linksIn(html).find((href) => href.startsWith("?q="));
      path = next && `/files/${next}`;
    }
    const expected = Array.from({ length: 250 }, (_, i) => `${i}`).filter((n) => n.includes("1"));
    expect(found.map((href) => href.split("/").at(-1)).sort()).toEqual(expected.sort());
  });
});

describe("The page of a document", () => {
  const shown = async (type: string, body: string | Uint8Array<ArrayBuffer>, query = "") => {
    const { user, app } = await userWithApp();
    await app.put("/notes/doc", body, { "Content-Type": type });
    return open(user, `/files/notes/doc${query}`);
  };

  it("says what it is, and leads to its versions and to a download", async () => {
    const { user, app } = await userWithApp();
    await app.put("/public/notes/a", "Hello", { "Content-Type": "text/markdown" });
    const html = await open(user, "/files/public/notes/a");
    expect(mainText(html)).toContain("text/markdown Size 5 bytes");
    expect(linksIn(html)).toEqual(
      expect.arrayContaining([
        "?view=download",
        "?view=edit",
        "/versions/public/notes/a",
        `${hosts.namedOrigin(user.name)}/storage/${user.name}/public/notes/a`,
      ]),
    );
    expect(fieldValue(html, "path")).toBe("/public/notes/a");
  });

  it.each(["text/plain", "text/html", "image/x+xml+text;x", "text/xml", "application/xhtml+xml"])(
    "shows %s as text, if at all, never as markup",
    async (type) => {
      const markup =
        '<?xml-stylesheet href="x"?><script>alert(1)</script><img src=x onerror=alert(2)>';
      const html = await shown(type, markup);
      expect(html).not.toMatch(/<script(?! src=)|<img src=x|<\?xml/);
      if (!type.startsWith("image")) expect(mainText(html)).toContain(markup);
    },
  );

  it("shows the beginning of a long text, and never half a character", async () => {
    const html = await shown("text/plain", `x${"€".repeat(100_000)}`);
    expect(mainText(html)).toContain("Only the first 262.1 kB of 300 kB are shown.");
    expect(html).not.toContain("\ufffd");
    expect(html.length).toBeLessThan(120_000);
    expect(linksIn(html)).not.toContain("?view=edit");
  });

  it("shows JSON folded, or as text, and whatever is no JSON as text", async () => {
    const json = '{"name":"<b>","list":[1,{"a":null}],"empty":{}}';
    const html = await shown("application/json; charset=UTF-8", json);
    expect(findElements(html, "details").length).toBe(3);
    expect(mainText(html)).toContain(
      '{3 properties} name: "<b>" list: [2 items] 0: 1 1: {1 property} a: null',
    );
    expect(mainText(await shown("application/json", json, "?view=text"))).toContain(json);
    expect(mainText(await shown("application/json", "{broken"))).toContain("{broken");
  });

  it("bounds what it shows of JSON", async () => {
    const deep = await shown("application/json", "[".repeat(5000) + "]".repeat(5000));
    expect(findElements(deep, "details").length).toBeLessThan(60);
    expect(mainText(deep)).toContain("Only a part of the data is shown.");
    const wide = await shown("application/json", JSON.stringify(Array(50_000).fill(1)));
    expect(findElements(wide, "li").length).toBeLessThan(2100);
    expect(mainText(wide)).toContain("Only a part of the data is shown.");
  });

  it("shows CSV as a table, bounded in both directions", async () => {
    const html = await shown("text/csv", 'a;b\n"1;2";<b>\n');
    expect(rowsIn(html)).toEqual([["1;2", "<b>"]]);
    const row = Array(100).fill("x").join(",");
    const large = await shown("text/csv", Array(1000).fill(row).join("\n"));
    expect(rowsIn(large)).toHaveLength(500);
    expect(rowsIn(large)[0]).toHaveLength(40);
    expect(mainText(large)).toContain("Only a part of this table is shown.");
  });

  it("shows pictures, recordings and PDF by previews, whatever parameters their type has", async () => {
    for (const [type, element] of [
      ["image/png; charset=binary", "img"],
      ["IMAGE/SVG+XML", "img"],
      ["audio/mpeg", "audio"],
      ["video/webm; codecs=vp9", "video"],
      ["application/pdf", "iframe"],
    ] as const) {
      const html = await shown(type, "x");
      const sources = findElements(html, element).map(({ src = "" }) => src);
      expect([type, sources.filter((src) => src.startsWith("/preview/")).length]).toEqual([
        type,
        1,
      ]);
    }
  });

  it("offers a download of anything else", async () => {
    const html = await shown("application/x-unknown", "x");
    expect(mainText(html)).toContain("application/x-unknown cannot be shown here");
    expect(mainText(await shown("text/plain", ""))).toContain("This document is empty.");
    expect(html).not.toContain("/preview/");
  });

  it("is a page with status 404 if there is none, which leads to its versions", async () => {
    const response = await request(await createUser(), "/files/notes/gone");
    expect(response.status).toBe(404);
    expect(linksIn(await response.text())).toContain("/versions/notes/gone");
  });
});

describe("The download of a document", () => {
  it("is a file with its name, which no browser opens on this origin", async () => {
    const { user, app } = await userWithApp();
    const name = 'a"\\ü%\n.html';
    await app.put(encodePath(`/notes/${name}`), "<script>1</script>", {
      "Content-Type": "text/html",
    });
    const path = `${encodePath(`/files/notes/${name}`)}?view=download`;
    const response = await request(user, path);
    expect(await response.text()).toBe("<script>1</script>");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="a_____.html"; filename*=UTF-8''a%22%5C%C3%BC%25%0A.html`,
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store, no-transform",
    });
    const part = await request(user, path, { Range: "bytes=1-6" });
    expect([part.status, await part.text()]).toEqual([206, "script"]);
    expect((await request(user, path, { Range: "bytes=99-" })).status).toBe(416);
  });

  it("is for the user alone", async () => {
    const { app } = await userWithApp();
    await app.put("/notes/a", "secret");
    expect((await send("/files/notes/a?view=download")).status).toBe(303);
    const other = await request(await createUser(), "/files/notes/a?view=download");
    expect([other.status, await other.text()]).toEqual([
      404,
      expect.not.stringContaining("secret"),
    ]);
  });
});

describe("Requests for files", () => {
  it("change nothing as long as they are GETs", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "x");
    await expectUnchanged(app, async () => {
      for (const path of ["/", "/notes/", "/notes/a", "/notes/a?view=edit", "/notes/?view=archive"])
        await (await request(user, `/files${path}`)).arrayBuffer();
    });
  });

  it("are limited like those of an app, whatever they ask for", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "x");
    freezeClock();
    const sendSlowly = sendWithSettings({ REQUESTS_PER_SECOND: "1" });
    const headers = { Cookie: user.cookie, Origin: ORIGIN };
    const statusOf = async (path: string, method = "GET") =>
      (await sendSlowly(path, { method, headers })).status;
    const statuses: number[] = [];
    while (statuses.at(-1) !== 429 && statuses.length < 400)
      statuses.push(await statusOf("/files/"));
    expect(statuses.length).toBeGreaterThan(5);
    expect(statuses.at(-1)).toBe(429);
    expect(await statusOf("/files/notes/a?view=download")).toBe(429);
    expect(await statusOf("/files/notes/?view=archive")).toBe(429);
    expect(await statusOf("/files/notes/a?view=edit", "POST")).toBe(429);
  });
});
