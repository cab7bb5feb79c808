/**
 * The wire transcripts of §12. Hosts, versions and tokens are ours; every status and every header that
 * the draft shows is compared. The transcripts "are not normative": where the response differs, the
 * test says why.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { findElements, mainText } from "../support/html";
import {
  createUser,
  fragmentParameters,
  ORIGIN,
  send,
  TestApp,
  type TestUser,
} from "../support/provider";
import { hosts, socketsOf } from "../support/urls";

const APP = "https://drinks-unhosted.5apps.com";
const DIALOG =
  "/oauth/authorize/michiel?redirect_uri=https%3A%2F%2Fdrinks-unhosted.5apps.com%2F&scope=myfavoritedrinks%3Arw&client_id=https%3A%2F%2Fdrinks-unhosted.5apps.com&response_type=token";
const STORAGE = hosts.namedOrigin("michiel");
const FOLDER = "/storage/michiel/myfavoritedrinks/";
const FIRST =
  '{"name":"test","@context":"http://remotestorage.io/spec/modules/myfavoritedrinks/drink"}';
const SECOND =
  '{"name":"test", "updated":true, "@context":"http://remotestorage.io/spec/modules/myfavoritedrinks/drink"}';

let michiel: TestUser;
let token: string;

beforeAll(async () => {
  michiel = await createUser("michiel");
});

/** The headers of each request of the app. */
const headers = (more: Record<string, string> = {}): Record<string, string> => ({
  Origin: APP,
  Authorization: `Bearer ${token}`,
  Referer: `${APP}/`,
  ...more,
});

const JSON_TYPE = { "Content-Type": "application/json; charset=UTF-8" };

const put = (body: string, more: Record<string, string>): Promise<Response> =>
  send(`${FOLDER}test`, {
    method: "PUT",
    body,
    headers: headers({ ...JSON_TYPE, "Content-Length": String(body.length), ...more }),
  });

const get = (path: string, more: Record<string, string> = {}): Promise<Response> =>
  send(path, { headers: headers(more) });

/** Compares status and headers; null means that the header must be absent. Returns the body. */
async function expectResponse(
  response: Response,
  status: number,
  expected: Record<string, string | RegExp | null>,
): Promise<string> {
  expect(response.status).toBe(status);
  for (const [name, value] of Object.entries(expected)) {
    const actual = response.headers.get(name);
    if (value instanceof RegExp) expect(actual, name).toMatch(value);
    else expect(actual, name).toBe(value);
  }
  return response.text();
}

const ALLOWED = { "Access-Control-Allow-Origin": APP };
const STRONG = /^"[^"]+"$/;

describe("The transcripts of §12, in order:", () => {
  let etag: string;

  it("12.1 WebFinger", async () => {
    const response = await send("/.well-known/webfinger?resource=acct:michiel@satchel.example");
    const body = await expectResponse(response, 200, {
      "Access-Control-Allow-Origin": "*",
      "Content-Type": "application/jrd+json",
    });
    expect(JSON.parse(body).links).toEqual([
      {
        href: `${STORAGE}/storage/michiel`,
        rel: "http://tools.ietf.org/id/draft-dejong-remotestorage",
        properties: {
          "http://remotestorage.io/spec/version": "draft-dejong-remotestorage-26",
          "http://tools.ietf.org/html/rfc6749#section-4.2":
            "https://satchel.example/oauth/authorize/michiel",
          // The draft's example has null for features that its server lacks.
          "http://tools.ietf.org/html/rfc6750#section-2.3": "true",
          "http://tools.ietf.org/html/rfc7233": "GET",
          // §10.1
          "http://tools.ietf.org/html/rfc6749#section-3.1":
            "https://satchel.example/oauth/authorize/michiel",
          "http://tools.ietf.org/html/rfc6749#section-3.2": "https://satchel.example/oauth/token",
          "http://tools.ietf.org/html/rfc7636": "S256",
          // Satchel's own properties.
          "urn:x-satchel:quota": `${STORAGE}/quota/michiel`,
          "urn:x-satchel:rxdb": `${socketsOf(STORAGE)}/rxdb/michiel/{module}`,
          "urn:x-satchel:databases:1": `${STORAGE}/databases/michiel`,
          "urn:x-satchel:batch:1": `${STORAGE}/batch/michiel`,
          "urn:x-satchel:live:1": `${socketsOf(STORAGE)}/live/michiel`,
        },
      },
    ]);
  });

  it("12.2 OAuth dialog form", async () => {
    const response = await send(DIALOG, { headers: { Cookie: michiel.cookie } });
    const body = await expectResponse(response, 200, {});
    expect(body).toMatch(/^<!DOCTYPE html>\s*<html lang="en">\s*<head>/);
    expect(body).toMatch(/<title>[^<]+<\/title>/);
    expect(mainText(body)).toContain(APP);
    expect(findElements(body, "form").some(({ method }) => method === "post")).toBe(true);
  });

  it("12.3 OAuth dialog form submission", async () => {
    // Our form is sent to its own URL, by a user who has already signed in.
    const response = await send(DIALOG, {
      method: "POST",
      headers: {
        Origin: ORIGIN,
        "Content-Type": "application/x-www-form-urlencoded",
        Referer: ORIGIN + DIALOG,
        Cookie: michiel.cookie,
      },
      body: "decision=allow&duration=always",
    });
    await expectResponse(response, 302, {
      Location:
        /^https:\/\/drinks-unhosted\.5apps\.com\/#access_token=[^&=#]+&token_type=bearer(&|$)/,
    });
    token = fragmentParameters(response).access_token ?? "";
  });

  it("12.4 OPTIONS preflight", async () => {
    const response = await send(FOLDER, {
      method: "OPTIONS",
      headers: {
        "Access-Control-Request-Method": "GET",
        Origin: APP,
        "Access-Control-Request-Headers": "Authorization",
        Referer: `${APP}/`,
      },
    });
    // "the server can for instance respond" with 200; 204 is equivalent without a body.
    const body = await expectResponse(response, 204, ALLOWED);
    expect(body).toBe("");
    const list = (name: string) => (response.headers.get(name) ?? "").toLowerCase().split(/, */);
    expect(list("Access-Control-Allow-Methods")).toEqual(
      expect.arrayContaining(["get", "put", "delete"]),
    );
    expect(list("Access-Control-Allow-Headers")).toEqual(
      expect.arrayContaining([
        "authorization",
        "content-length",
        "content-type",
        "origin",
        "x-requested-with",
        "if-match",
        "if-none-match",
      ]),
    );
  });

  it("12.5 Initial PUT", async () => {
    const created = await put(FIRST, { "If-None-Match": "*", Referer: `${APP}/?` });
    expect(await expectResponse(created, 201, { ...ALLOWED, ETag: STRONG })).toBe("");
    etag = created.headers.get("etag") ?? "";
  });

  it("12.5 Initial PUT, when the document already exists", async () => {
    const refused = await put(SECOND, { "If-None-Match": "*", Referer: `${APP}/?` });
    await expectResponse(refused, 412, { ...ALLOWED, ETag: etag });
    expect(await (await get(`${FOLDER}test`)).text()).toBe(FIRST);
  });

  it("12.6 Subsequent PUT", async () => {
    const stale = '"1382694045000"';
    await expectResponse(await put(SECOND, { "If-Match": stale }), 412, { ...ALLOWED, ETag: etag });
    expect(await (await get(`${FOLDER}test`)).text()).toBe(FIRST);
    const replaced = await put(SECOND, { "If-Match": etag });
    expect(await expectResponse(replaced, 200, { ...ALLOWED, ETag: STRONG })).toBe("");
    expect(replaced.headers.get("etag")).not.toBe(etag);
    etag = replaced.headers.get("etag") ?? "";
  });

  it("12.7 GET of a version that the client has", async () => {
    const response = await get(`${FOLDER}test`, { "If-None-Match": `"1382694045000", ${etag}` });
    expect(await expectResponse(response, 304, { ...ALLOWED, ETag: etag })).toBe("");
  });

  it("12.7 GET of a version that the client does not have", async () => {
    const response = await get(`${FOLDER}test`, {
      "If-None-Match": '"1382694045000", "1382694048000"',
    });
    const body = await expectResponse(response, 200, {
      ...ALLOWED,
      ...JSON_TYPE,
      "Content-Length": String(SECOND.length),
      ETag: etag,
      "Cache-Control": "no-cache",
    });
    expect(body).toBe(SECOND);
  });

  it("12.7 GET of a folder", async () => {
    const response = await get(FOLDER);
    const length = response.headers.get("content-length");
    const body = await expectResponse(response, 200, {
      ...ALLOWED,
      "Content-Type": "application/ld+json",
      ETag: STRONG,
      "Cache-Control": "no-cache",
    });
    expect(length).toBe(String(body.length));
    expect(JSON.parse(body)).toEqual({
      // The example has folder-version, but §4: "MUST [...] with the value [...] folder-description".
      "@context": "http://remotestorage.io/spec/folder-description",
      items: {
        test: {
          ETag: etag.slice(1, -1),
          ...JSON_TYPE,
          "Content-Length": SECOND.length,
          "Last-Modified": expect.stringMatching(
            /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
          ),
        },
      },
    });
  });

  it("12.7 GET of a document that does not exist", async () => {
    await expectResponse(await get(`${FOLDER}x`), 404, { ...ALLOWED, ETag: null });
  });

  it("12.8 DELETE of another version than the current one", async () => {
    const init = {
      method: "DELETE",
      headers: headers({ ...JSON_TYPE, "If-Match": '"1382694045000"' }),
    };
    await expectResponse(await send(`${FOLDER}test`, init), 412, { ...ALLOWED, ETag: etag });
    expect(await (await get(`${FOLDER}test`)).text()).toBe(SECOND);
  });

  it("12.8 DELETE of the current version", async () => {
    const init = { method: "DELETE", headers: headers({ ...JSON_TYPE, "If-Match": etag }) };
    await expectResponse(await send(`${FOLDER}test`, init), 200, ALLOWED);
    expect(await new TestApp("michiel", token).list("/myfavoritedrinks/")).toEqual({});
  });
});
