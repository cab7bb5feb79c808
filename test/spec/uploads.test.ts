/** Uploads on the pages: PUT /files/<path> with the session of a browser. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
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
import {
  binaryBytes,
  countedStream,
  etagVersion,
  expectUnchanged,
  setQuota,
  sha256,
} from "../support/storage";

let user: TestUser;
let app: TestApp;

beforeAll(async () => {
  user = await createUser();
  app = await connectApp(user);
});

/** Uploads as the script of a page does. */
const upload = (
  path: string,
  body: BodyInit,
  headers: Record<string, string> = {},
  sendRequest = send,
): Promise<Response> =>
  sendRequest(`/files${encodePath(path)}`, {
    method: "PUT",
    body,
    headers: {
      Cookie: user.cookie,
      Origin: ORIGIN,
      "Sec-Fetch-Site": "same-origin",
      Accept: "application/json",
      ...headers,
    },
  });

/** A body without a Content-Type, as a browser sends a file that it does not know. */
const untyped = (text: string): Uint8Array => new TextEncoder().encode(text);

const refusalOf = async (response: Response): Promise<[status: number, error: unknown]> => {
  const { error } = (await response.json()) as { error: unknown };
  return [response.status, error];
};

const ONLY_NEW = { "If-None-Match": "*" };

describe("An upload", () => {
  it("stores a document that apps read, with its ETag", async () => {
    const response = await upload("/notes/größe 1.txt", "hello", {
      "Content-Type": "text/plain",
      ...ONLY_NEW,
    });
    expect(response.status).toBe(201);
    const stored = await app.get(encodePath("/notes/größe 1.txt"));
    expect(await stored.text()).toBe("hello");
    expect(stored.headers.get("content-type")).toBe("text/plain");
    expect(stored.headers.get("etag")).toBe(response.headers.get("etag"));
    const again = await upload("/notes/größe 1.txt", "replaced", { "Content-Type": "text/plain" });
    expect(again.status).toBe(200);
    expect(await (await app.get(encodePath("/notes/größe 1.txt"))).text()).toBe("replaced");
  });

  it("streams a large file of any bytes", async () => {
    const bytes = binaryBytes(6 * 1024 * 1024 + 1);
    const response = await upload("/photos/large", bytes, { "Content-Type": "image/jpeg" });
    expect(response.status).toBe(201);
    const stored = await (await app.get("/photos/large")).arrayBuffer();
    expect(await sha256(stored)).toBe(await sha256(bytes));
  });

  it("may be empty", async () => {
    expect((await upload("/notes/empty.txt", "")).status).toBe(201);
    expect(await (await app.get("/notes/empty.txt")).text()).toBe("");
  });

  it.each([
    ["a.md", "text/markdown"],
    ["A.JSON", "application/json"],
    ["a.tar.gz", "application/gzip"],
    ["a.svg", "image/svg+xml"],
    ["no-extension", "application/octet-stream"],
    ["a.unknown-extension", "application/octet-stream"],
  ])("without a Content-Type has that of its extension: %s", async (name, type) => {
    await upload(`/types/${name}`, untyped("x"));
    expect((await app.get(`/types/${name}`)).headers.get("content-type")).toBe(type);
    // As a script may send it.
    await upload(`/types/${name}`, untyped("y"), { "Content-Type": "" });
    expect((await app.get(`/types/${name}`)).headers.get("content-type")).toBe(type);
  });

  it("is recorded by the user, not by an app, and once a day for each module", async () => {
    const other = await createUser();
    const cookie = { Cookie: other.cookie };
    for (const path of ["/notes/a", "/notes/b/c", "/public/notes/d", "/photos/e"]) {
      expect((await upload(path, "x", cookie)).status).toBe(201);
    }
    const { results } = await env.DB.prepare(
      "SELECT detail FROM activity WHERE account = ? AND kind = 'files-uploaded' ORDER BY detail",
    )
      .bind(await accountId(other.name))
      .all<{ detail: string }>();
    expect(results.map(({ detail }) => detail)).toEqual([
      '{"module":"notes"}',
      '{"module":"photos"}',
    ]);
    const facts = await env.USERS.getByName(other.name).documentFacts("/notes/a");
    expect(facts.puts.map(({ app }) => app)).toEqual([null]);
  });
});

describe("A conditional upload", () => {
  it("§6 of a file that exists is refused with 412 and its version, and changes nothing", async () => {
    const first = await upload("/clash/a", "mine");
    const response = await expectUnchanged(app, () => upload("/clash/a", "theirs", ONLY_NEW));
    expect(response.headers.get("etag")).toBe(first.headers.get("etag"));
    expect(await refusalOf(response)).toEqual([412, "precondition-failed"]);
  });

  it("§6 replaces the version that the refusal has named, and no later one", async () => {
    await upload("/clash/b", "1");
    const refused = await upload("/clash/b", "2", ONLY_NEW);
    const condition = { "If-Match": `"${etagVersion(refused)}"` };
    expect((await upload("/clash/b", "2", condition)).status).toBe(200);
    const late = await expectUnchanged(app, () => upload("/clash/b", "3", condition));
    expect(await refusalOf(late)).toEqual([412, "precondition-failed"]);
    expect(await (await app.get("/clash/b")).text()).toBe("2");
  });

  it("with a malformed condition is refused", async () => {
    const response = await expectUnchanged(app, () =>
      upload("/clash/c", "x", { "If-Match": '"unclosed' }),
    );
    expect(await refusalOf(response)).toEqual([400, "malformed"]);
  });
});

describe("An upload is refused, and changes nothing,", () => {
  const expectRefused = async (
    [status, error]: [number, string],
    request: () => Promise<Response>,
  ): Promise<void> => {
    const response = await expectUnchanged(app, request);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await refusalOf(response)).toEqual([status, error]);
  };

  it("without a session (401)", () =>
    expectRefused([401, "unauthorized"], () => upload("/notes/x", "x", { Cookie: "" })));

  it("with the token of an app instead of a session (401)", () =>
    expectRefused([401, "unauthorized"], () =>
      upload("/notes/x", "x", { Cookie: "", Authorization: `Bearer ${app.token}` }),
    ));

  it.each([
    ["by Sec-Fetch-Site", { "Sec-Fetch-Site": "cross-site" }],
    ["from a sibling host", { "Sec-Fetch-Site": "same-site" }],
    ["by Origin", { "Sec-Fetch-Site": "", Origin: "https://evil.example" }],
    ["without an origin", { "Sec-Fetch-Site": "", Origin: "null" }],
  ] as [string, Record<string, string>][])(
    "RFC 6749 §10.12 from another site (403), %s",
    async (_, headers) => {
      const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""));
      const response = await expectUnchanged(app, () =>
        send("/files/notes/x", {
          method: "PUT",
          body: "x",
          headers: { Cookie: user.cookie, Origin: ORIGIN, ...sent },
        }),
      );
      expect(response.status).toBe(403);
    },
  );

  it("to the path of a folder (400)", () =>
    expectRefused([400, "folder-write"], () => upload("/notes/", "x")));

  it("to a folder's name (409), or below a document's (409)", async () => {
    await upload("/names/document", "x");
    await upload("/names/folder/document", "x");
    await expectRefused([409, "clash"], () => upload("/names/folder", "x"));
    await expectRefused([409, "clash"], () => upload("/names/document/below", "x"));
  });

  it("to a name that is not allowed (400), or a path that is too long (414)", async () => {
    await expectRefused([400, "malformed"], () => upload("/notes//x", "x"));
    await expectRefused([400, "malformed"], () => upload("/notes/\0", "x"));
    await expectRefused([414, "path-too-long"], () => upload(`/notes/${"x".repeat(5000)}`, "x"));
  });

  it("if the account has no space for it (507)", async () => {
    await setQuota(app, 1);
    try {
      await expectRefused([507, "over-quota"], () => upload("/notes/x", "x".repeat(200_000)));
    } finally {
      await setQuota(app, null);
    }
  });

  it("if it is larger than a document may be (413)", () =>
    expectRefused([413, "too-large"], () =>
      upload("/notes/x", "x".repeat(2000), {}, sendWithSettings({ MAX_DOCUMENT_BYTES: "1000" })),
    ));

  it("if it is larger than a document may be, without its length (413)", async () => {
    const chunks = Array.from({ length: 200 }, () => new Uint8Array(64 * 1024));
    const stream = countedStream(chunks);
    await expectRefused([413, "too-large"], () =>
      upload("/notes/x", stream.body, {}, sendWithSettings({ MAX_DOCUMENT_BYTES: "100000" })),
    );
    expect(stream.pulls).toBeLessThan(100);
  });

  it("as a part (400), or with a content coding (415)", async () => {
    await expectRefused([400, "malformed"], () =>
      upload("/notes/x", "x", { "Content-Range": "bytes 0-0/2" }),
    );
    await expectRefused([415, "unsupported-coding"], () =>
      upload("/notes/x", "x", { "Content-Encoding": "gzip" }),
    );
  });

  it("while the account is suspended (403)", async () => {
    const suspended = "UPDATE accounts SET suspended_at = ? WHERE name = ?";
    await env.DB.prepare(suspended).bind(Date.now(), user.name).run();
    try {
      const response = await upload("/notes/x", "x");
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    } finally {
      await env.DB.prepare(suspended).bind(null, user.name).run();
    }
    expect((await app.get("/notes/x")).status).toBe(404);
  });

  it("if there are too many (429), and then says when to go on", async () => {
    const other = await createUser();
    const limited = sendWithSettings({ REQUESTS_PER_SECOND: "1" });
    let refused: Response | undefined;
    for (let i = 0; i < 150 && refused === undefined; i++) {
      const headers = { Cookie: other.cookie, "If-Match": '"unclosed' };
      const response = await upload("/notes/x", "x", headers, limited);
      if (response.status === 429) refused = response;
    }
    expect(refused?.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(refused && (await refusalOf(refused))).toEqual([429, "too-many-requests"]);
  });
});
