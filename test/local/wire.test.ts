/** What is wrong already as HTTP, written by hand onto the socket of the local server. */

import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect } from "vitest";
import { startLocal } from "../../scripts/local.mjs";
import { connectApp } from "./test-user";

const test = base.extend(
  "server",
  { scope: "file" },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
  async ({}, { onCleanup }) => {
    const data = mkdtempSync(join(tmpdir(), "satchel-wire-"));
    const server = await startLocal({ data, quiet: true });
    onCleanup(async () => {
      await server.dispose();
      rmSync(data, { recursive: true, force: true });
    });
    const alice = (await connectApp(server.url, "alice"))(server.url);
    return { url: server.url, alice };
  },
);

/** Everything that the server answers to these bytes until it closes, or has nothing to say. */
function write(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    // The last request of each test asks to be the last.
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text.replaceAll("HOST", `${hostname}:${port}`));
  });
}

const statuses = (answer: string): string[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status = ""]) => status);

const SMUGGLED = "GET /quota/smuggled HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

const put = (token: string, headers: string, body: string): string =>
  `PUT /storage/alice/x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer ${token}\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n${body}`;

describe("A body with more than one length", () => {
  test.for([
    ["two that differ", "Content-Length: 4\r\nContent-Length: 60", "abcd"],
    ["a coding that nobody knows", "Transfer-Encoding: xchunked", "0\r\n\r\n"],
    ["a space before the colon", "Transfer-Encoding : chunked", "0\r\n\r\n"],
    ["a length below zero", "Content-Length: -1", "abcd"],
    ["a length with a sign", "Content-Length: +4", "abcd"],
  ] as const)(
    "RFC 9112 §6.3 is refused, nothing is written: %s",
    async ([, headers, body], { server: { url, alice } }) => {
      const answer = await write(url, put(alice.token, headers, body + SMUGGLED));
      expect(statuses(answer)[0]).toBe("400");
      expect((await alice.get("/x")).status).toBe(404);
    },
  );
});

test("RFC 9112 §6.3 Content-Length beside chunked counts for nothing: the chunks are the body", async ({
  server: { url, alice },
}) => {
  for (const [path, headers] of [
    ["/a", "Content-Length: 4\r\nTransfer-Encoding: chunked"],
    ["/b", "Transfer-Encoding: chunked\r\nContent-Length: 4"],
  ] as const) {
    const request = put(alice.token, headers, `3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`);
    const answer = await write(url, request.replace("/alice/x", `/alice${path}`));
    // RFC 9112 §6.1: the server "MUST close the connection after responding to such a request"
    expect(statuses(answer)).toEqual(["201"]);
    expect(await (await alice.get(path)).text()).toBe("abc");
  }
});

describe("A header that is none", () => {
  test.for([
    ["folded over two lines", "X-A: a\r\n Set-Cookie: b=1"],
    ["with a bare CR in it", "X-A: a\rSet-Cookie: b=1"],
    ["with a NUL in it", "X-A: a\0b"],
  ] as const)("RFC 9112 §5.2 is refused: %s", async ([, header], { server: { url } }) => {
    const answer = await write(
      url,
      `GET /quota/alice HTTP/1.1\r\nHost: HOST\r\n${header}\r\nConnection: close\r\n\r\n`,
    );
    expect(statuses(answer)).toEqual(["400"]);
    expect(answer).not.toMatch(/^set-cookie/im);
  });

  test("a Content-Type that would add a header is refused, nothing is written", async ({
    server: { url, alice },
  }) => {
    const headers = "Content-Length: 1\r\nContent-Type: text/html\rX-Injected: 1";
    const request = put(alice.token, headers, "x").replace("Content-Type: text/plain\r\n", "");
    expect(statuses(await write(url, request))).toEqual(["400"]);
    expect((await alice.get("/x")).status).toBe(404);
  });

  test("of a size that nobody needs does not keep others waiting", async ({
    server: { url, alice },
  }) => {
    const huge = `GET /quota/alice HTTP/1.1\r\nHost: HOST\r\nX-A: ${"a".repeat(2_000_000)}\r\nConnection: close\r\n\r\n`;
    const [answer, other] = await Promise.all([
      write(url, huge).catch(() => ""),
      alice.get("/none"),
    ]);
    expect(statuses(answer)).not.toContain("200");
    expect(other.status).toBe(404);
  });
});

describe("Who says that they come by Cloudflare's edge", () => {
  const FORGED = { "CF-Ray": "8a1b2c3d4e5f6789-FRA", "MF-CF-Blob": '{"colo":"FRA"}' };

  test("is not believed: tries are counted for one, whatever addresses they name", async ({
    server: { url },
  }) => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const response = await fetch(`${url}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { ...FORGED, "CF-Connecting-IP": `192.0.2.${i}` },
        body: new URLSearchParams({ name: "alice", password: `wrong ${i}` }),
      });
      statuses.push(response.status);
    }
    expect(statuses.at(-1)).toBe(429);
  });

  test("does not read the mail of others where others come in, by whatever name they ask", async ({
    server: { url },
  }) => {
    expect((await fetch(`${url}/mail`)).status).toBe(200);
    const data = mkdtempSync(join(tmpdir(), "satchel-wire-"));
    const vars = { ORIGIN: "https://satchel.example" };
    const open = await startLocal({ data, vars, quiet: true });
    try {
      const answers = await Promise.all(
        ["localhost", "127.0.0.1", "x.localhost", "[::1]", "satchel.example"].map((host) =>
          write(open.url, `GET /mail HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        ),
      );
      expect(answers.flatMap(statuses)).toEqual(Array(answers.length).fill("404"));
    } finally {
      await open.dispose();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
