/** §9: what each scope allows, as a truth table of scopes, paths and methods. */

import { beforeAll, describe, expect, it } from "vitest";
import { connectApp, createUser, createUserWithApp, send, type TestApp } from "../support/provider";
import { expectUnchanged } from "../support/storage";

const SCOPES = ["none", "*:rw", "*:r", "notes:rw", "notes:r", "notes:r photos:rw"] as const;
type Scope = (typeof SCOPES)[number];

/** rw: everything, r: GET and HEAD, -: nothing. Documents of this table exist. */
const TABLE: [path: string, ...access: string[]][] = [
  // path                      none  *:rw  *:r  notes:rw notes:r  notes:r photos:rw
  ["/", "-", "rw", "r", "-", "-", "-"],
  ["/at-the-root", "-", "rw", "r", "-", "-", "-"],
  ["/notes/", "-", "rw", "r", "rw", "r", "r"],
  ["/notes/doc", "-", "rw", "r", "rw", "r", "r"],
  ["/notes/deep/down/", "-", "rw", "r", "rw", "r", "r"],
  ["/notes/deep/down/doc", "-", "rw", "r", "rw", "r", "r"],
  ["/notesandmore/", "-", "rw", "r", "-", "-", "-"],
  ["/notesandmore/doc", "-", "rw", "r", "-", "-", "-"],
  ["/note/doc", "-", "rw", "r", "-", "-", "-"],
  ["/Notes/doc", "-", "rw", "r", "-", "-", "-"],
  ["/other/notes/doc", "-", "rw", "r", "-", "-", "-"],
  ["/photos/", "-", "rw", "r", "-", "-", "rw"],
  ["/photos/doc", "-", "rw", "r", "-", "-", "rw"],
  ["/public/", "-", "rw", "r", "-", "-", "-"],
  ["/public/doc", "r", "rw", "r", "r", "r", "r"],
  ["/public/notes/", "-", "rw", "r", "rw", "r", "r"],
  ["/public/notes/doc", "r", "rw", "r", "rw", "r", "r"],
  ["/public/notes/deep/", "-", "rw", "r", "rw", "r", "r"],
  ["/public/notes/deep/doc", "r", "rw", "r", "rw", "r", "r"],
  ["/public/notesandmore/", "-", "rw", "r", "-", "-", "-"],
  ["/public/notesandmore/doc", "r", "rw", "r", "r", "r", "r"],
  ["/public/photos/", "-", "rw", "r", "-", "-", "rw"],
  ["/public/photos/doc", "r", "rw", "r", "r", "r", "rw"],
  ["/public/public/notes/doc", "r", "rw", "r", "r", "r", "r"],
  ["/Public/notes/doc", "-", "rw", "r", "-", "-", "-"],
];

const isFolder = (path: string): boolean => path.endsWith("/");
const documents = TABLE.map(([path]) => path).filter((path) => !isFolder(path));

let owner: TestApp;
const apps = new Map<Scope, TestApp>();
beforeAll(async () => {
  const user = await createUser();
  owner = await connectApp(user);
  for (const scope of SCOPES) {
    if (scope !== "none") apps.set(scope, await connectApp(user, scope));
  }
  for (const path of [...documents, "/public/notes/deep/doc"]) await owner.put(path, path);
});

const request = (scope: Scope, method: string, path: string): Promise<Response> => {
  const headers = { "Content-Type": "text/plain" };
  const init = { method, headers, ...(method === "PUT" ? { body: "changed" } : {}) };
  const app = apps.get(scope);
  return app ? app.request(method, path, init) : send(`/storage/${owner.user}${path}`, init);
};

for (const [index, scope] of SCOPES.entries()) {
  const id = { none: "§9.9", "*:rw": "§9.4", "*:r": "§9.5", "notes:rw": "§9.6", "notes:r": "§9.7" }[
    scope as string
  ];
  describe(`${id ?? "§9.3 §9.7"} §9.2 scope ${scope}`, () => {
    const refused = scope === "none" ? 401 : 403;
    const rows = TABLE.map(([path, ...access]) => [path, access[index] as string] as const);

    it.each(rows)("%s: %s", async (path, access) => {
      for (const method of ["GET", "HEAD"]) {
        const { status } = await request(scope, method, path);
        expect([method, status]).toEqual([method, access === "-" ? refused : 200]);
      }
      if (access !== "rw") return;
      for (const method of ["PUT", "DELETE"]) {
        const { status } = await request(scope, method, path);
        expect([method, status]).toEqual([method, isFolder(path) ? 400 : 200]);
      }
      if (!isFolder(path)) {
        expect((await owner.get(path)).status).toBe(404);
        await owner.put(path, path);
      }
    });

    it("refuses to write all else, and nothing is changed", async () => {
      const others = rows.filter(([, access]) => access !== "rw");
      await expectUnchanged(owner, async () => {
        for (const [path] of others) {
          for (const method of ["PUT", "DELETE"]) {
            const { status } = await request(scope, method, path);
            expect([path, method, status]).toEqual([path, method, refused]);
          }
        }
      });
    });
  });
}

describe("The boundaries of a module", () => {
  it("§9.6 a document with the name of the module is not in it", async () => {
    const app = apps.get("notes:rw") as TestApp;
    await expectUnchanged(owner, async () => {
      for (const path of ["/notes", "/public/notes"]) {
        expect((await app.put(path, "x")).status).toBe(403);
      }
    });
    expect((await app.get("/notes")).status).toBe(403);
  });

  it("§9.6 an app may store the first document of a module, private and public", async () => {
    const app = await createUserWithApp("fresh:rw");
    expect((await app.put("/fresh/doc", "x")).status).toBe(201);
    expect((await app.put("/public/fresh/doc", "x")).status).toBe(201);
  });

  it("§9.7 a module without documents can be listed: it is empty", async () => {
    const app = await createUserWithApp("nothing:r");
    expect(await app.list("/nothing/")).toEqual({});
    expect((await app.get("/nothing/doc")).status).toBe(404);
  });

  it("§9.6 an encoded module name is the same module", async () => {
    const app = apps.get("notes:r") as TestApp;
    expect((await app.get("/%6eotes/doc")).status).toBe(200);
    expect((await app.get("/%6eotes%61ndmore/doc")).status).toBe(403);
    const put = await expectUnchanged(owner, () => app.put("/%6eotes/doc", "x"));
    expect(put.status).toBe(403);
  });

  it.each(["my-notes", "my.notes", "my_notes", "n0tes"])(
    "§9.6 a module name is not a pattern: %s",
    async (module) => {
      const app = await createUserWithApp(`${module}:rw`);
      expect((await app.put(`/${module}/doc`, "x")).status).toBe(201);
      for (const other of ["myXnotes", "notes", "my", `${module}x`, "nXtes"]) {
        expect((await app.put(`/${other}/doc`, "x")).status).toBe(403);
      }
    },
  );

  it("§9.3 a token with two levels of one module allows both", async () => {
    const app = await createUserWithApp("notes:r notes:rw");
    expect((await app.put("/notes/doc", "x")).status).toBe(201);
  });
});

describe("Accounts are isolated", () => {
  let other: TestApp;
  beforeAll(async () => {
    other = await createUserWithApp();
    await other.put("/notes/doc", "secret");
    await other.put("/public/notes/doc", "open");
  });

  it.each(SCOPES.filter((scope) => scope !== "none"))(
    "§5.6 a token of another user (%s) -> 403 for every method, nothing changed",
    async (scope) => {
      const { token } = apps.get(scope) as TestApp;
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
      const expectRefused = async (method: string, path: string) => {
        const init = { method, headers, ...(method === "PUT" ? { body: "stolen" } : {}) };
        const response = await send(`/storage/${other.user}${path}`, init);
        expect([method, path, response.status]).toEqual([method, path, 403]);
        expect(await response.text()).not.toContain("secret");
      };
      const paths = ["/", "/notes/", "/notes/doc", "/notes/new", "/public/", "/public/notes/"];
      await expectUnchanged(other, async () => {
        for (const path of paths) {
          for (const method of ["GET", "HEAD", "PUT", "DELETE"]) await expectRefused(method, path);
        }
      });
    },
  );

  it("§5.6 it can read public documents of another user, but not write them", async () => {
    const headers = { Authorization: `Bearer ${owner.token}`, "Content-Type": "text/plain" };
    const url = `/storage/${other.user}/public/notes/doc`;
    expect(await (await send(url, { headers })).text()).toBe("open");
    await expectUnchanged(other, async () => {
      expect((await send(url, { method: "PUT", headers, body: "x" })).status).toBe(403);
      expect((await send(url, { method: "DELETE", headers })).status).toBe(403);
    });
  });

  it("§5.6 a missing user -> 403, too", async () => {
    const headers = { Authorization: `Bearer ${owner.token}`, "Content-Type": "text/plain" };
    for (const method of ["GET", "PUT", "DELETE"]) {
      const init = { method, headers, ...(method === "PUT" ? { body: "x" } : {}) };
      expect((await send("/storage/nobody-at-all/notes/doc", init)).status).toBe(403);
    }
  });

  it("§5.6 a user's name has only one spelling", async () => {
    const headers = { Authorization: `Bearer ${owner.token}` };
    await owner.put("/notes/doc", "x");
    for (const user of [
      owner.user.toUpperCase(),
      `${owner.user}%00`,
      `${owner.user}%20`,
      "%2e%2e",
    ]) {
      const { status } = await send(`/storage/${user}/notes/doc`, { headers });
      expect([400, 403, 404, 421]).toContain(status);
    }
  });
});
