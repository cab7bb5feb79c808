import { env, exports } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { expect, it } from "vitest";
import { app as worker } from "../../src/app";
import { send, someone, signUp, connect } from "../support/world";

it("probe", async () => {
  const out: unknown[] = [];
  let t = Date.now();
  const app = await someone();
  out.push(["signup", Date.now() - t]);
  const d = async (r: Response) => [r.status, [...r.headers].map((h) => h.join(": ")).join(" | "), (await r.text()).slice(0, 200)];
  out.push(await d(await app.put("/notes/a", "hello")));
  out.push(await d(await app.get("/notes/a")));
  out.push(await d(await app.get("/notes/")));
  out.push(await d(await app.get("/notes/a", { Range: "bytes=1-2" })));
  out.push(await d(await app.request("OPTIONS", "/notes/a", { headers: { Origin: "https://x", "Access-Control-Request-Method": "PUT" } })));
  out.push(await d(await app.head("/notes/a")));
  out.push(await d(await app.request("POST", "/notes/a")));
  for (const p of ["/notes/%00", "/notes/%2F", "/notes//a", "/notes/%zz", "/notes/%ff", "/notes/%", "/notes/a\\b", "/notes/a%5Cb", "/notes/./x", "/notes/%2e%2e/x", "/notes/%2e"])
    out.push([p, ...(await d(await app.get(p)))]);
  out.push(await d(await send(`/storage/${app.user}`)));
  out.push(await d(await send(`/storage/`)));
  out.push(await d(await send(`/storage`)));
  t = Date.now();
  try { for (let i = 0; i < 12; i++) await signUp(); } catch (e) { out.push(String(e)); }
  out.push(["12 signups", Date.now() - t]);
  const ctx = createExecutionContext();
  const r = await worker.fetch(new Request("https://satchel.example/storage/" + app.user + "/notes/b", { method: "PUT", body: "0123456789", headers: { Authorization: `Bearer ${app.token}`, "Content-Type": "t/p" } }), { ...env, MAX_DOCUMENT_BYTES: "5" }, ctx);
  out.push(await d(r));
  throw new Error(out.map((o) => JSON.stringify(o)).join("\n"));
});
