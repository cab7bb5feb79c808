/** Reading many documents at once, which is not of the draft: docs/batch.md. */

import { describe, expect, it } from "vitest";
import { advanceClock } from "../support/clock";
import { connectApp, createUser, createUserWithApp, send, type TestApp } from "../support/provider";
import { sendWithSettings } from "../support/send-with-settings";
import { binaryBytes } from "../support/storage";

interface Part {
  location: string;
  status: number;
  headers: Headers;
  body: Uint8Array;
}

type Asked = string | { path: string; ETag: string | null };

const requestBatch = (app: TestApp, documents: Asked[], sender = send): Promise<Response> =>
  sender(`/batch/${app.user}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${app.token}`, Origin: "https://app.example" },
    body: JSON.stringify({
      documents: documents.map((asked) => (typeof asked === "string" ? { path: asked } : asked)),
    }),
  });

/** Reads the parts as RFC 2046 and the Content-Length of each response say. */
async function readParts(response: Response): Promise<Part[]> {
  const boundary = /^multipart\/mixed; boundary=(\S+)$/.exec(
    response.headers.get("content-type") ?? "",
  )?.[1];
  const bytes = new Uint8Array(await response.arrayBuffer());
  const parts: Part[] = [];
  let at = 0;
  const readLine = (): string => {
    const end = bytes.indexOf(13, at);
    const line = new TextDecoder().decode(bytes.subarray(at, end));
    at = end + 2;
    return line;
  };
  const readHeaders = (): Headers => {
    const headers = new Headers();
    for (let line = readLine(); line !== ""; line = readLine()) {
      headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2));
    }
    return headers;
  };
  for (;;) {
    const line = readLine();
    if (line === `--${boundary}--`) break;
    expect(line).toBe(`--${boundary}`);
    const part = readHeaders();
    expect(part.get("content-type")).toBe("application/http; msgtype=response");
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(readLine()) ?? [];
    const headers = readHeaders();
    const length = Number(headers.get("content-length") ?? 0);
    const location = part.get("content-location") ?? "";
    parts.push({ location, status: Number(status), headers, body: bytes.slice(at, at + length) });
    at += length;
    expect(readLine()).toBe("");
  }
  expect(at).toBe(bytes.byteLength);
  return parts;
}

const textOf = ({ body }: Part): string => new TextDecoder().decode(body);

describe("POST /batch/<user>", () => {
  it("answers for each document as a GET would, in the order of the request", async () => {
    const app = await createUserWithApp("notes:rw");
    const first = await app.put("/notes/a", "one");
    await app.put("/notes/deep/b%20%C3%A4", "--two\r\n--", {
      "Content-Type": "text/html; charset=x",
    });
    await app.put("/notes/empty", "");
    const etag = first.headers.get("etag")?.slice(1, -1) as string;
    const response = await requestBatch(app, [
      "/notes/deep/b ä",
      "/notes/missing",
      { path: "/notes/a", ETag: etag },
      { path: "/notes/a", ETag: "another" },
      "/notes/empty",
    ]);
    expect(response.status).toBe(200);
    expect(response.headers.get("batch-documents")).toBe("5");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    const parts = await readParts(response);
    expect(parts.map(({ status }) => status)).toEqual([200, 404, 304, 200, 200]);
    expect(parts[0]?.location).toBe(`/storage/${app.user}/notes/deep/b%20%C3%A4`);
    expect(parts.map(textOf).filter((text) => !text.startsWith("{"))).toEqual([
      "--two\r\n--",
      "",
      "one",
      "",
    ]);
    for (const index of [0, 3, 4]) {
      const { location, headers } = parts[index] as Part;
      const single = await app.get(location.replace(`/storage/${app.user}`, ""));
      await single.arrayBuffer();
      for (const name of ["etag", "content-type", "content-length", "last-modified"]) {
        expect(headers.get(name)).toBe(single.headers.get(name));
      }
    }
  });

  it("refuses single documents that the scope does not cover, and tells nothing of them", async () => {
    const user = await createUser();
    const owner = await connectApp(user, "*:rw");
    await owner.put("/todos/a", "secret");
    await owner.put("/notes/a", "mine");
    const app = await connectApp(user, "notes:r");
    const answered = async (paths: string[]) =>
      (await readParts(await requestBatch(app, paths))).map((part) => [part.status, textOf(part)]);
    const [known, unknown, mine] = await answered(["/todos/a", "/todos/b", "/notes/a"]);
    expect(known).toEqual(unknown);
    expect([known?.[0], mine]).toEqual([403, [200, "mine"]]);
  });

  it("does not tell by where it stops how long a document is that the scope does not cover", async () => {
    const user = await createUser();
    const owner = await connectApp(user, "*:rw");
    const bytes = binaryBytes(5 * 1024 * 1024);
    await owner.put("/todos/a", bytes);
    await owner.put("/notes/a", bytes);
    await owner.put("/notes/b", "mine");
    const app = await connectApp(user, "notes:r");
    for (const path of ["/todos/a", "/todos/b"]) {
      const response = await requestBatch(app, ["/notes/a", path, "/notes/b"]);
      expect(response.headers.get("batch-documents")).toBe("3");
      expect((await readParts(response)).map(({ status }) => status)).toEqual([200, 403, 200]);
    }
  });

  it("stops after as many bytes as one answer may have, and says so", async () => {
    const app = await createUserWithApp();
    const bytes = binaryBytes(3 * 1024 * 1024);
    for (const name of ["a", "b", "c", "d"]) await app.put(`/files/${name}`, bytes);
    const paths = ["/files/a", "/files/b", "/files/c", "/files/d"];
    const response = await requestBatch(app, paths);
    const count = Number(response.headers.get("batch-documents"));
    const parts = await readParts(response);
    expect([count, parts.length]).toEqual([2, 2]);
    expect(parts[1]?.body).toEqual(bytes);
    const rest = await readParts(await requestBatch(app, paths.slice(count)));
    expect(rest.map(({ location }) => location.slice(-1))).toEqual(["c", "d"]);
  });

  it.each([
    ["no JSON", "hello", 400, "malformed"],
    ["no list", "{}", 400, "malformed"],
    ["an empty list", '{"documents":[]}', 400, "malformed"],
    ["a folder", '{"documents":[{"path":"/notes/"}]}', 400, "malformed"],
    ["no path", '{"documents":[{"path":"/a/../b"}]}', 400, "malformed"],
    ["too many", JSON.stringify({ documents: Array(101).fill({ path: "/a" }) }), 413, "too-large"],
    ["too much", `{"x":"${"x".repeat(300_000)}"}`, 413, "too-large"],
  ])("refuses %s", async (_, body, status, error) => {
    const app = await createUserWithApp();
    const headers = { Authorization: `Bearer ${app.token}` };
    const response = await send(`/batch/${app.user}`, { method: "POST", headers, body });
    expect([response.status, await response.json()]).toMatchObject([status, { error }]);
  });

  it("asks for a token of the user", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    const anonymous = await send(`/batch/${app.user}`, { method: "POST", body: "{}" });
    expect(anonymous.status).toBe(401);
    const headers = { Authorization: `Bearer ${other.token}` };
    const foreign = await send(`/batch/${app.user}`, { method: "POST", headers, body: "{}" });
    expect(foreign.status).toBe(403);
    expect((await send(`/batch/${app.user}`)).status).toBe(405);
  });

  it("counts as a request for each document", async () => {
    const limited = sendWithSettings({ REQUESTS_PER_SECOND: "1" });
    const app = await createUserWithApp();
    advanceClock(0);
    const many = Array.from({ length: 30 }, (_, index) => `/notes/${index}`);
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const response = await requestBatch(app, many, limited);
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});
