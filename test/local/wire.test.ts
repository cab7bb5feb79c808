/** Malformed HTTP, written as bytes to a socket of the local server. */

import { connect } from "node:net";
import { describe, expect } from "vitest";
import { startTemporaryServer, testWithServer } from "./shared-server";
import { connectUser } from "./test-user";

const MAX_DOCUMENT_BYTES = 8_000_000;
const QUOTA_BYTES = 12_000_000;

const test = testWithServer({
  MAX_DOCUMENT_BYTES: String(MAX_DOCUMENT_BYTES),
  DEFAULT_QUOTA_BYTES: String(QUOTA_BYTES),
}).extend("alice", { scope: "file" }, ({ server }) => connectUser(server, "alice"));

/**
 * Sends bytes and returns everything that the server sends until it closes the connection. `isGone`:
 * the client sends nothing more after them.
 */
function sendBytes(url: string, text: string, isGone = false): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    // The last request of each test has "Connection: close".
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text.replaceAll("HOST", `${hostname}:${port}`));
    if (isGone) socket.end();
  });
}

const statuses = (answer: string): string[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status = ""]) => status);

const SMUGGLED = "GET /quota/smuggled HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

const put = (token: string, headers: string, body: string): string =>
  `PUT /storage/alice/x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer ${token}\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n${body}`;

describe("A body of ambiguous length", () => {
  test.for([
    ["two that differ", "Content-Length: 4\r\nContent-Length: 60", "abcd"],
    ["an unknown transfer coding", "Transfer-Encoding: xchunked", "0\r\n\r\n"],
    ["a space before the colon", "Transfer-Encoding : chunked", "0\r\n\r\n"],
    ["a negative length", "Content-Length: -1", "abcd"],
    ["a length with a sign", "Content-Length: +4", "abcd"],
  ] as const)(
    "RFC 9112 §6.3 is refused, and nothing is written: %s",
    async ([, headers, body], { server: { url }, alice }) => {
      const answer = await sendBytes(url, put(alice.token, headers, body + SMUGGLED));
      expect(statuses(answer)[0]).toBe("400");
      expect((await alice.get("/x")).status).toBe(404);
    },
  );
});

test("RFC 9112 §6.3 Content-Length is ignored if the body is chunked", async ({
  server: { url },
  alice,
}) => {
  for (const [path, headers] of [
    ["/a", "Content-Length: 4\r\nTransfer-Encoding: chunked"],
    ["/b", "Transfer-Encoding: chunked\r\nContent-Length: 4"],
  ] as const) {
    const request = put(alice.token, headers, `3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`);
    const answer = await sendBytes(url, request.replace("/alice/x", `/alice${path}`));
    // RFC 9112 §6.1: the server "MUST close the connection after responding to such a request"
    expect(statuses(answer)).toEqual(["201"]);
    expect(await (await alice.get(path)).text()).toBe("abc");
  }
});

describe("A body that ends before its end, as when the client is gone", () => {
  const bytes = (count: number) => "x".repeat(count);
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  test.for([
    ["chunked, without its last chunk", "Transfer-Encoding: chunked", chunk("text")],
    ["chunked, in the middle of a chunk", "Transfer-Encoding: chunked", "1000\r\ntext"],
    ["chunked and large", "Transfer-Encoding: chunked", chunk(bytes(300_000))],
    ["with a length", "Content-Length: 5", "text"],
    ["with a length, and large", "Content-Length: 300001", bytes(300_000)],
  ] as const)("is never stored: %s", async ([, headers, body], { server: { url }, alice }) => {
    const answer = await sendBytes(url, put(alice.token, headers, body), true);
    expect(statuses(answer).filter((status) => status.startsWith("2"))).toEqual([]);
    expect((await alice.get("/x")).status).toBe(404);
    // A change that comes after it in the user's object: nothing of it is under way any more.
    expect((await alice.put("/after", "x")).status).toBeLessThan(300);
    expect((await alice.get("/x")).status).toBe(404);
  });
});

describe("A refusal during an upload", () => {
  const REFUSALS = [
    [401, "unauthorized", "/big", { Authorization: "Bearer bad" }],
    [403, "insufficient-scope", "/../bob/big", {}],
    [409, "clash", "/doc/below", {}],
    [412, "precondition-failed", "/big", { "If-Match": '"x"' }],
    [413, "too-large", "/big", {}],
    [507, "over-quota", "/big", {}],
  ] as const;

  test.for(REFUSALS)(
    "arrives although the client is still sending: %i %s",
    async ([status, error, path, headers], { server: { url }, alice }) => {
      await alice.put("/doc", status === 507 ? "kept".repeat(MAX_DOCUMENT_BYTES / 4) : "kept");
      const body = new Uint8Array(status === 413 ? MAX_DOCUMENT_BYTES + 1 : MAX_DOCUMENT_BYTES);
      const chunked = () => new Blob([body]).stream();
      for (const content of [() => body, chunked, () => body]) {
        const response = await fetch(`${url}/storage/alice${path}`, {
          method: "PUT",
          headers: {
            Authorization: `Bearer ${alice.token}`,
            "Content-Type": "text/plain",
            ...headers,
          },
          body: content(),
          duplex: "half",
        } as RequestInit);
        expect([response.status, await response.json()]).toMatchObject([status, { error }]);
      }
      expect((await alice.get("/big")).status).toBe(404);
      expect(await (await alice.get("/doc")).text()).toMatch(/^(kept)+$/);
      await alice.put("/doc", "kept");
    },
  );

  test("leaves the connection open for the next request of a client that sends first and reads later", async ({
    server: { url },
    alice,
  }) => {
    const BOTH = /^HTTP\/1\.1 401.*\}HTTP\/1\.1 401.*\}$/s;
    const length = 5_000_000;
    const request = put("bad", `Content-Length: ${length}`, "x".repeat(length));
    expect((await sendBytes(url, request + SMUGGLED)).match(BOTH)).not.toBeNull();
    const chunk = `${length.toString(16)}\r\n${"x".repeat(length)}\r\n0\r\n\r\n`;
    const chunked = put("bad", "Transfer-Encoding: chunked", chunk);
    expect((await sendBytes(url, chunked + SMUGGLED)).match(BOTH)).not.toBeNull();
    expect((await alice.get("/x")).status).toBe(404);
  });

  test("is sent at once to a client that waits for it", async ({ server: { url } }) => {
    const headers = "Content-Length: 5000000\r\nExpect: 100-continue\r\nConnection: close";
    const { hostname, port } = new URL(url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let received = "";
      socket.on("data", (bytes) => {
        received += bytes;
        // It has the whole response, and sends nothing.
        if (received.endsWith("}")) socket.destroy();
      });
      socket.on("close", () => resolve(received));
      socket.write(put("bad", headers, "").replace("HOST", `${hostname}:${port}`));
    });
    expect(statuses(answer).at(-1)).toBe("401");
  });
});

describe("A response without content", () => {
  const close = "\r\nHost: HOST\r\nConnection: close\r\n";

  // Python's requests has "Content-Length: 0" in every OPTIONS.
  test.for([
    ["empty", "Content-Length: 0", ""],
    ["of some bytes", "Content-Length: 4", "abcd"],
    ["chunked", "Transfer-Encoding: chunked", "4\r\nabcd\r\n0\r\n\r\n"],
  ] as const)(
    "answers a request whose body nobody reads: %s",
    async ([, headers, body], { server: { url }, alice }) => {
      await alice.put("/doc", "kept");
      const etag = (await alice.get("/doc")).headers.get("etag");
      const condition = `Authorization: Bearer ${alice.token}\r\nIf-None-Match: ${etag}\r\n`;
      for (const [request, status] of [
        [`OPTIONS /storage/alice/doc HTTP/1.1${close}`, "204"],
        [`OPTIONS /oauth/token HTTP/1.1${close}`, "204"],
        [`GET /storage/alice/doc HTTP/1.1${close}${condition}`, "304"],
        [`HEAD /storage/alice/doc HTTP/1.1${close}${condition}`, "304"],
      ] as const) {
        const answer = await sendBytes(url, `${request}${headers}\r\n\r\n${body}`);
        expect(statuses(answer)).toEqual([status]);
      }
    },
  );
});

describe("A malformed header", () => {
  test.for([
    ["folded over two lines", "X-A: a\r\n Set-Cookie: b=1"],
    ["with a bare CR in it", "X-A: a\rSet-Cookie: b=1"],
    ["with a NUL in it", "X-A: a\0b"],
  ] as const)("RFC 9112 §5.2 is refused: %s", async ([, header], { server: { url } }) => {
    const answer = await sendBytes(
      url,
      `GET /quota/alice HTTP/1.1\r\nHost: HOST\r\n${header}\r\nConnection: close\r\n\r\n`,
    );
    expect(statuses(answer)).toEqual(["400"]);
    expect(answer).not.toMatch(/^set-cookie/im);
  });

  test("a Content-Type that would add a header is refused, and nothing is written", async ({
    server: { url },
    alice,
  }) => {
    const headers = "Content-Length: 1\r\nContent-Type: text/html\rX-Injected: 1";
    const request = put(alice.token, headers, "x").replace("Content-Type: text/plain\r\n", "");
    expect(statuses(await sendBytes(url, request))).toEqual(["400"]);
    expect((await alice.get("/x")).status).toBe(404);
  });

  test("of enormous size does not delay other requests", async ({ server: { url }, alice }) => {
    const huge = `GET /quota/alice HTTP/1.1\r\nHost: HOST\r\nX-A: ${"a".repeat(2_000_000)}\r\nConnection: close\r\n\r\n`;
    const [answer, other] = await Promise.all([
      sendBytes(url, huge).catch(() => ""),
      alice.get("/none"),
    ]);
    expect(statuses(answer)).not.toContain("200");
    expect(other.status).toBe(404);
  });
});

describe("A client that pretends to come from Cloudflare's edge", () => {
  const FORGED = { "CF-Ray": "8a1b2c3d4e5f6789-FRA", "MF-CF-Blob": '{"colo":"FRA"}' };

  test("is not believed: its attempts count together, whatever addresses it sends", async ({
    server: { url },
  }) => {
    // At once: a machine on which each takes seconds would wait long enough for the next.
    const attempts = Array.from({ length: 10 }, (_, i) =>
      fetch(`${url}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { ...FORGED, "CF-Connecting-IP": `192.0.2.${i}` },
        body: new URLSearchParams({ name: "alice", password: `wrong ${i}` }),
      }),
    );
    expect((await Promise.all(attempts)).map(({ status }) => status)).toContain(429);
  });

  test("cannot read other users' mail on a public server, whatever host it names", async ({
    server: { url, mailPath },
  }) => {
    expect((await fetch(url + mailPath)).status).toBe(200);
    // As through a proxy on this computer that says neither that it is one nor which host the client has named.
    for (const path of ["/mail", "/mail?key=", "/mail?key=guessed"]) {
      expect((await fetch(url + path)).status).toBe(404);
    }
    const publicServer = await startTemporaryServer({ ORIGIN: "https://satchel.example" });
    try {
      const answers = await Promise.all(
        ["localhost", "127.0.0.1", "x.localhost", "[::1]", "satchel.example"].map((host) =>
          sendBytes(
            publicServer.url,
            `GET ${publicServer.mailPath} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
          ),
        ),
      );
      expect(answers.flatMap(statuses)).toEqual(Array(answers.length).fill("404"));
    } finally {
      await publicServer.dispose();
    }
  });
});
