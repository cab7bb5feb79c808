/** The pages about versions, the bin and going back in time. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { documentFromPath } from "../../../src/core/path";
import { bodyKey } from "../../../src/storage/bodies";
import { CommitJournal } from "../../../src/user-object/commit-journal";
import { ORIGIN } from "../../support/provider";
import type { SizedAccount } from "./accounts";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";

/** A document with as many versions as a burst leaves until the next sweep. */
const MANY_VERSIONS = 500;

/** Deleted documents, more than the bin looks at for one page. */
const DELETED = 600;

/** All versions of a document are looked at, in one list of the bucket. */
const LIST = { bytesSent: 60_000 };

/** The rows of the index for as many deletions as a page looks at, and a page of them. */
const BIN_PAGE = { rowsRead: 2600, bytesToD1: 60_000, bytesSent: 80_000 };

/** Gives an account many versions of /many, and many deleted documents. */
export async function fillHistory({ id, name, app }: SizedAccount): Promise<void> {
  await app.put("/many", "x");
  const node = documentFromPath("/many");
  const customMetadata = { path: "/many", type: "text/plain", replaces: "", grant: "" };
  for (let i = 0; i < MANY_VERSIONS; i++) {
    await env.BODIES.put(await bodyKey(id, node, `version-${i}`), "x", { customMetadata });
  }
  await runInDurableObject(env.USERS.getByName(name), (_, { storage }) => {
    const journal = new CommitJournal(storage);
    for (let i = 0; i < DELETED; i++) {
      const fact = { path: `/deleted/${i}`, version: `deleted-${i}`, type: "text/plain" };
      journal.addNoticedDeletion("deleted", { ...fact, length: 1, at: i, app: undefined });
    }
    journal.flush();
  });
}

/** All cases of these pages, by route. */
export function versionsCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const get =
    (path: string, { cookie }: SizedAccount): Step =>
    () =>
    ({ send }) =>
      send(path, { headers: { Cookie: cookie, Accept: "text/html" } });
  const post =
    (path: string, fields: Record<string, string>, { cookie }: SizedAccount): Step =>
    () =>
    ({ send }) =>
      send(path, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { Cookie: cookie, Origin: ORIGIN, Accept: "text/html" },
      });
  return [
    {
      route: "GET /versions/*",
      ordinary: get("/versions/first", ordinary),
      worst: get("/versions/many", largest),
      mayGrow: LIST,
    },
    {
      route: "GET /versions/*",
      detail: "one version",
      ordinary: get("/versions/first?version=none", ordinary),
      worst: get("/versions/many?version=version-1", largest),
    },
    {
      route: "GET /versions/*",
      detail: "two versions",
      ordinary: get("/versions/first?version=none", ordinary),
      worst: get("/versions/many?version=version-1&version=version-2", largest),
    },
    {
      route: "POST /versions/*",
      ordinary: post("/versions/first", { version: "none", expected: "" }, ordinary),
      worst: post(
        "/versions/many",
        { version: "version-1", expected: "x".repeat(50_000) },
        largest,
      ),
    },
    { route: "GET /bin", ordinary: get("/bin", ordinary), worst: get("/bin", largest) },
    {
      route: "GET /bin/:module/",
      ordinary: get("/bin/notes/", ordinary),
      worst: get("/bin/deleted/", largest),
      mayGrow: BIN_PAGE,
    },
    {
      route: "POST /bin/:module/",
      ordinary: post("/bin/notes/", { restore: "selected" }, ordinary),
      worst: post("/bin/deleted/", { restore: "selected" }, largest),
      mayGrow: BIN_PAGE,
    },
    {
      route: "GET /go-back/*",
      ordinary: get("/go-back/notes/", ordinary),
      worst: get("/go-back/deleted/", largest),
    },
    {
      route: "POST /go-back/*",
      ordinary: post("/go-back/notes/", { at: "x" }, ordinary),
      worst: post("/go-back/deleted/", { at: "x".repeat(60_000) }, largest),
    },
    {
      route: "GET /free",
      ordinary: get("/free?what=versions&path=/", ordinary),
      worst: get(`/free?what=versions&path=/${"x".repeat(4000)}/`, largest),
    },
    {
      route: "POST /free",
      ordinary: post("/free?what=none", {}, ordinary),
      worst: post("/free?what=none", { x: "x".repeat(60_000) }, largest),
    },
  ];
}
