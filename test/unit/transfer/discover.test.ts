/** Finding the storage of an address at servers of every draft. */

import { describe, expect, it } from "vitest";
import { discoverStorage } from "../../../transfer/discover.js";

const REL = "http://tools.ietf.org/id/draft-dejong-remotestorage";

/** Discovers at a host that answers these URLs, and says what was requested. */
async function discover(answers: Record<string, Response>, address = "alice@example.com") {
  const requests: string[] = [];
  const fetch = async (url: string) => {
    requests.push(url);
    const path = url.replace(/\?.*/, "");
    return answers[path] ?? new Response(null, { status: 404 });
  };
  return { requests, ...(await discoverStorage(address, { fetch })) };
}

const jrd = (link: object): Response => Response.json({ links: [link] });

const WEBFINGER = "https://example.com/.well-known/webfinger";
const HOST_META = "https://example.com/.well-known/host-meta.json";
const ROOT = "https://storage.example.com/alice";

describe("RFC 7033 discovery", () => {
  it("asks the host for the acct: of the address", async () => {
    const { requests, root } = await discover({ [WEBFINGER]: jrd({ rel: REL, href: ROOT }) });
    expect(requests).toEqual([`${WEBFINGER}?resource=acct%3Aalice%40example.com`]);
    expect(root).toBe(ROOT);
  });

  it("takes a storage root with a slash at its end, and addresses as people type them", async () => {
    const answers = { [WEBFINGER]: jrd({ rel: REL, href: `${ROOT}/` }) };
    for (const address of [" alice@example.com ", "acct:alice@example.com", "alice@EXAMPLE.com"]) {
      const { root, address: found } = await discover(answers, address);
      expect([root, found]).toEqual([ROOT, "alice@example.com"]);
      answers[WEBFINGER] = jrd({ rel: REL, href: `${ROOT}/` });
    }
  });

  it("reads the properties of draft 26", async () => {
    const properties = {
      "http://remotestorage.io/spec/version": "draft-dejong-remotestorage-26",
      "http://tools.ietf.org/html/rfc6749#section-4.2": "https://example.com/oauth",
      "http://tools.ietf.org/html/rfc6749#section-3.1": "https://example.com/oauth/code",
      "http://tools.ietf.org/html/rfc6749#section-3.2": "https://example.com/token",
      "http://tools.ietf.org/html/rfc7636": "S256",
      "http://tools.ietf.org/html/rfc7233": "GET",
    };
    const found = await discover({ [WEBFINGER]: jrd({ rel: REL, href: ROOT, properties }) });
    expect(found).toMatchObject({
      version: "draft-dejong-remotestorage-26",
      authorizationEndpoint: "https://example.com/oauth",
      codeEndpoint: "https://example.com/oauth/code",
      tokenEndpoint: "https://example.com/token",
      hasRanges: true,
    });
  });

  it.each([
    [false, false],
    ["false", false],
    [null, false],
    ["", false],
    [true, true],
    ["GET", true],
  ])("takes %j for whether there are ranges: %s", async (value, hasRanges) => {
    const properties = { "http://tools.ietf.org/html/rfc7233": value };
    const found = await discover({ [WEBFINGER]: jrd({ rel: REL, href: ROOT, properties }) });
    expect(found).toMatchObject({ hasRanges, tokenEndpoint: null, codeEndpoint: null });
  });

  it("knows the relation and the properties of draft 01 and 02, and host-meta.json", async () => {
    const found = await discover({
      [HOST_META]: jrd({
        rel: "remotestorage",
        href: ROOT,
        type: "draft-dejong-remotestorage-02",
        properties: { "auth-endpoint": "https://example.com/auth" },
      }),
    });
    expect(found).toMatchObject({
      root: ROOT,
      version: "draft-dejong-remotestorage-02",
      authorizationEndpoint: "https://example.com/auth",
    });
  });

  it("follows redirects, but none to plain http, and not for ever", async () => {
    const other = "https://other.example/webfinger";
    const redirect = (location: string) =>
      new Response(null, { status: 302, headers: { Location: location } });
    const moved = await discover({
      [WEBFINGER]: redirect(other),
      [other]: jrd({ rel: REL, href: ROOT }),
    });
    expect(moved.root).toBe(ROOT);
    await expect(
      discover({ [WEBFINGER]: redirect("http://example.com/webfinger") }),
    ).rejects.toMatchObject({ code: "insecure" });
    await expect(discover({ [WEBFINGER]: redirect(WEBFINGER) })).rejects.toMatchObject({
      code: "redirects",
    });
  });

  it("refuses storage and endpoints without encryption", async () => {
    const insecure = "http://example.com/alice";
    await expect(
      discover({ [WEBFINGER]: jrd({ rel: REL, href: insecure }) }),
    ).rejects.toMatchObject({ code: "insecure" });
    const properties = { "http://tools.ietf.org/html/rfc6749#section-4.2": insecure };
    await expect(
      discover({ [WEBFINGER]: jrd({ rel: REL, href: ROOT, properties }) }),
    ).rejects.toMatchObject({ code: "insecure" });
  });

  it.each(["alice", "@example.com", "alice@", "alice@exa mple", "https://example.com"])(
    "refuses %j, which is no address",
    async (address) => {
      await expect(discover({}, address)).rejects.toMatchObject({ code: "malformed" });
    },
  );

  it("says so if there is no storage, or an answer that is none", async () => {
    await expect(discover({})).rejects.toMatchObject({ code: "not-found" });
    const page = () => new Response("<!doctype html>");
    await expect(discover({ [WEBFINGER]: page(), [HOST_META]: page() })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(
      discover({ [WEBFINGER]: new Response("x".repeat(300_000)) }),
    ).rejects.toMatchObject({ code: "too-large" });
  });
});
