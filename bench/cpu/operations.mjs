/** The requests whose CPU time is compared with what the Free plan allows. */

import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../../scripts/lib/install.mjs";
import { fillFolder, findAccountId } from "../cost/fill-folder.ts";
import { HOST } from "../cost/provider.mjs";
import { createUser } from "../cost/test-user.ts";

const APP = "https://app.example";
const PASSWORD = "correct horse battery staple";
const FOLDER_SIZES = [50, 1_000, 10_000];
const EXPORTED_DOCUMENTS = 30;

/**
 * Prepares the data, and returns the operations in the order of the table. `object`: the function whose
 * time is that of a Durable Object, which may take 30 s.
 * @param {{send: import("../cost/test-user.ts").Send, db: D1Database}} provider
 */
export async function requestOperations({ send, db }) {
  const user = await createUser(send, "measured", HOST);
  const cookie = await signUp(send, "alice");
  const account = await findAccountId(db, user.user);
  for (const size of FOLDER_SIZES) await fillFolder(db, account, `/folder-${size}/`, size);
  const put = (path, owner = user) =>
    owner.requestStorage("PUT", path, { body: "x".repeat(1024), headers: TEXT });
  await put("/notes/document");
  const exporter = await createUser(send, "exporter", HOST);
  const exporterCookie = cookieOf(await signIn(send, "exporter", "correct horse battery"));
  for (let i = 0; i < EXPORTED_DOCUMENTS; i++) await put(`/notes/${i}`, exporter);
  const consent = `/oauth/authorize/alice?${new URLSearchParams({
    client_id: APP,
    redirect_uri: `${APP}/`,
    scope: "notes:rw",
    response_type: "token",
  })}`;
  const allow = { decision: "allow", duration: "always", "level:notes": "rw" };
  const passkey = await passkeyUser(send);
  const signedIn = { headers: { Cookie: cookie } };
  return [
    { name: "GET of 1 KB", status: 200, run: () => user.get("/storage/measured/notes/document") },
    { name: "PUT of 1 KB", status: 201, run: (index) => put(`/notes/new-${index}`) },
    { name: "Home page", status: 200, run: () => send("/", signedIn) },
    { name: "Consent page", status: 200, run: () => send(consent, signedIn) },
    {
      name: "“Allow” on the consent page",
      status: 200,
      run: () => send(consent, form(allow, { Cookie: cookie, Accept: "text/html" })),
    },
    {
      name: "Sign-in with a password",
      status: 303,
      runs: 4,
      object: "deriveKey",
      run: () => signIn(send, "alice", PASSWORD),
    },
    { name: "Sign-in with a passkey, both requests", status: 200, run: passkey.signIn },
    ...FOLDER_SIZES.map((size) => ({
      name: `Listing of ${size.toLocaleString("en")}`,
      status: 200,
      runs: size > 1000 ? 4 : undefined,
      run: () => user.get(`/storage/measured/folder-${size}/`),
    })),
    {
      name: `Export of ${EXPORTED_DOCUMENTS} documents of 1 KB`,
      status: 200,
      run: () => send("/data/export", { headers: { Cookie: exporterCookie } }),
    },
  ];
}

const TEXT = { "Content-Type": "text/plain" };

const form = (fields, headers = {}) => ({
  method: "POST",
  body: new URLSearchParams(fields),
  headers,
});

async function signUp(send, name) {
  const response = await send("/sign-up", form({ name, password: PASSWORD }));
  return cookieOf(response);
}

const signIn = (send, name, password) => send("/sign-in", form({ name, password }));

const cookieOf = ({ headers }) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");

/** A user with a passkey, in the authenticator of the tests. */
async function passkeyUser(send) {
  const Authenticator = await loadAuthenticator();
  const device = new Authenticator();
  const post = (path, fields) =>
    send(path, {
      method: "POST",
      body: JSON.stringify(fields),
      headers: { "Content-Type": "application/json", Accept: "application/json" },
    });
  const options = await (await post("/sign-up/passkey", { name: "bob" })).json();
  const credential = await device.create(options);
  await post("/sign-up/passkey", { name: "bob", credential });
  return {
    async signIn() {
      const challenge = await (await post("/sign-in/passkey", {})).json();
      return post("/sign-in/passkey", { credential: await device.get(challenge) });
    },
  };
}

async function loadAuthenticator() {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "test", "support", "authenticator.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
  });
  const source = Buffer.from(outputFiles[0].text).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)).Authenticator;
}
