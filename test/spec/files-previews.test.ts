/** Previews: short-lived addresses on the storage's host, each for one version of a document. */

import { env } from "cloudflare:workers";
import { decodeJwt, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { documentFromPath } from "../../src/core/path";
import { loadSigningKey } from "../../src/oauth/signing-keys";
import { bodyKey, deleteBodies } from "../../src/storage/bodies";
import { previewUrl } from "../../src/storage/previews";
import { advanceClock, freezeClock, MINUTE_MS } from "../support/clock";
import { findElements } from "../support/html";
import {
  connectApp,
  createUser,
  ORIGIN,
  send,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";
import { binaryBytes, etagVersion } from "../support/storage";
import { hosts } from "../support/urls";

const STORAGE = "https://storage.example";
const sendSplit = sendWithSettings({ ORIGIN, STORAGE_ORIGIN: STORAGE });

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

const SOURCES = ["img", "audio", "video", "iframe"];

/** The page of a document, and the address of the preview on it. */
async function openDocument({ cookie }: TestUser, path: string, sendTo: Send = send) {
  const response = await sendTo(`/files${path}`, { headers: { Cookie: cookie } });
  const html = await response.text();
  const sources = SOURCES.flatMap((name) => findElements(html, name)).map(({ src = "" }) => src);
  const url = sources.find((src) => src.includes("/preview/")) ?? "";
  return { url, policy: response.headers.get("content-security-policy") ?? "", html };
}

/** The origin of a user's previews; "" if it is that of the pages. */
function originOfPreviews({ name }: TestUser): string {
  const origin = hosts.namedOrigin(name);
  return origin === ORIGIN ? "" : origin;
}

/** How their URLs begin. */
const previewsOf = (user: TestUser): string => `${originOfPreviews(user)}/preview/`;

/** How a policy names them. */
const sourceOf = (user: TestUser): string =>
  `${originOfPreviews(user) || new URL(ORIGIN).host}/preview/`;

const tokenOf = (url: string): string => url.split("/preview/")[1]?.split("/")[0] ?? "";

const putPicture = (app: TestApp, path: string, type = "image/png") =>
  app.put(path, binaryBytes(5000), { "Content-Type": type });

describe("A preview", () => {
  it("has the bytes of the document without a session, and its type without parameters", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/photos/a", "Image/PNG; charset=binary");
    const { url } = await openDocument(user, "/photos/a");
    expect(url).toMatch(new RegExp(`^${previewsOf(user)}[\\w.-]+/a$`));
    const response = await send(url);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(binaryBytes(5000));
    expect([response.status, Object.fromEntries(response.headers)]).toEqual([
      200,
      {
        "accept-ranges": "bytes",
        "cache-control": "no-store, no-transform",
        "content-length": "5000",
        "content-security-policy":
          "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'",
        "content-type": "image/png",
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      },
    ]);
    const head = await send(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), head.body]).toEqual([
      200,
      "5000",
      null,
    ]);
    expect((await send(url, { method: "POST" })).status).toBe(405);
  });

  it("serves ranges, as players ask for them", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/music/a", "audio/mpeg");
    const { url, policy } = await openDocument(user, "/music/a");
    const part = await send(url, { headers: { Range: "bytes=100-199" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 100-199/5000"]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(binaryBytes(5000).slice(100, 200));
    const beyond = await send(url, { headers: { Range: "bytes=5000-" } });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */5000"]);
    expect(policy).toContain(`media-src ${sourceOf(user)};`);
  });

  it("is of one version: it still shows that one after a change, and nothing once it is deleted", async () => {
    const { user, app } = await userWithApp();
    const version = etagVersion(await putPicture(app, "/photos/a")) ?? "";
    const { url } = await openDocument(user, "/photos/a");
    await app.put("/photos/a", "new", { "Content-Type": "image/png" });
    expect((await (await send(url)).arrayBuffer()).byteLength).toBe(5000);
    const key = await bodyKey(await accountId(user.name), documentFromPath("/photos/a"), version);
    await deleteBodies(env.BODIES, [key]);
    expect((await send(url)).status).toBe(404);
  });

  it("is no longer served after some minutes; a recording for an hour, as its player goes on asking", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/photos/a");
    await putPicture(app, "/music/a", "video/mp4");
    freezeClock();
    const picture = (await openDocument(user, "/photos/a")).url;
    const recording = (await openDocument(user, "/music/a")).url;
    advanceClock(9 * MINUTE_MS);
    expect((await send(picture)).status).toBe(200);
    advanceClock(2 * MINUTE_MS);
    expect((await send(picture)).status).toBe(404);
    expect((await send(recording)).status).toBe(200);
    advanceClock(50 * MINUTE_MS);
    expect((await send(recording)).status).toBe(404);
  });

  it("is sandboxed for PDF, too, and allows no script", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/papers/a", "application/pdf");
    const { url, policy } = await openDocument(user, "/papers/a");
    expect(policy).toContain(`frame-src ${sourceOf(user)};`);
    const response = await send(url);
    const ofResponse = response.headers.get("content-security-policy");
    expect(ofResponse).toContain("sandbox; default-src 'none'");
    expect(ofResponse).not.toMatch(/allow-|script-src|frame-src|connect-src/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-type")).toBe("application/pdf");
  });

  it.each(["text/html", "application/xhtml+xml", "text/xml", "text/javascript", "image/x-unknown"])(
    "does not exist for a type that a page shows otherwise: %s",
    async (type) => {
      const { user, app } = await userWithApp();
      await app.put("/notes/a", "<script>alert(1)</script>", { "Content-Type": type });
      expect((await openDocument(user, "/notes/a")).html).not.toContain("/preview/");
    },
  );
});

describe("The token of a preview", () => {
  it("is not an access token, and an access token opens no preview", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/photos/a");
    const token = tokenOf((await openDocument(user, "/photos/a")).url);
    const path = `/storage/${user.name}/photos/a`;
    const asBearer = await send(path, { headers: { Authorization: `Bearer ${token}` } });
    expect(asBearer.status).toBe(401);
    expect((await send(`/preview/${app.token}`)).status).toBe(404);
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await send(`/preview/x`, { headers })).status).toBe(404);
  });

  it("is refused if it was changed, has no time, another algorithm, or is no token at all", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/photos/a");
    const token = tokenOf((await openDocument(user, "/photos/a")).url);
    const [head = "", payload = "", signature = ""] = token.split(".");
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const other = encode({ ...decodeJwt(token), type: "text/html" });
    const { kid, secret } = await loadSigningKey(env, Date.now());
    const { exp: _, ...claims } = decodeJwt(token);
    const withoutTime = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "preview+jwt", kid })
      .sign(secret);
    for (const forged of [
      `${head}.${other}.${signature}`,
      `${encode({ alg: "none", typ: "preview+jwt", kid })}.${payload}.`,
      withoutTime,
      "x",
      "a.b.c",
      token.slice(0, -4),
    ]) {
      const response = await send(`/preview/${forged}`);
      expect([forged, response.status]).toEqual([forged, 404]);
      expect(response.headers.get("content-type")).toContain("application/json");
    }
    expect((await send("/preview/")).status).toBe(404);
  });
});

describe("With a STORAGE_ORIGIN", () => {
  it("previews are on that host alone, and the page may load them from nowhere else", async () => {
    const { user, app } = await userWithApp();
    for (const [type, source] of [
      ["image/png", "img-src 'self' data:"],
      ["video/mp4", "media-src"],
      ["application/pdf", "frame-src"],
    ] as const) {
      await putPicture(app, "/photos/a", type);
      const { url, policy } = await openDocument(user, "/photos/a", sendSplit);
      expect(url.startsWith(`${STORAGE}/preview/`)).toBe(true);
      expect(policy).toContain(`${source} ${STORAGE}/preview/;`);
      expect((await sendSplit(url)).status).toBe(200);
      expect((await sendSplit(url.replace(STORAGE, ORIGIN))).status).toBe(421);
    }
    expect(
      (await sendSplit(`${STORAGE}/files/`, { headers: { Cookie: user.cookie } })).status,
    ).toBe(404);
  });

  it("one that is no longer served, or was changed, is not found, also where each user has an origin", async () => {
    const { user, app } = await userWithApp();
    await putPicture(app, "/photos/a");
    const sendThere = sendWithSettings({ ORIGIN, STORAGE_ORIGIN: "https://*.storage.example" });
    const { url } = await openDocument(user, "/photos/a", sendThere);
    expect(url.startsWith(`https://${user.name}.storage.example/preview/`)).toBe(true);
    expect((await sendThere(url)).status).toBe(200);
    expect((await sendThere(url.replace("/preview/", "/preview/x"))).status).toBe(404);
    freezeClock();
    advanceClock(11 * MINUTE_MS);
    expect((await sendThere(url)).status).toBe(404);
  });
});

it("A preview is limited together with the pages of its account", async () => {
  const { user } = await userWithApp();
  freezeClock();
  const sendSlowly = sendWithSettings({ REQUESTS_PER_SECOND: "1" });
  const account = await accountId(user.name);
  const document = {
    ...{ account, user: user.name, node: documentFromPath("/a") },
    ...{ version: "v", length: 1 },
  };
  const url = await previewUrl(env, document, "image/png", Date.now());
  let status = 404;
  for (let i = 0; i < 400 && status === 404; i++) status = (await sendSlowly(url)).status;
  expect(status).toBe(429);
  const page = await sendSlowly("/files/", { headers: { Cookie: user.cookie } });
  expect(page.status).toBe(429);
});
