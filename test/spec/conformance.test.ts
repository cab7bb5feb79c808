/**
 * The conformance suite for any provider, at this one: the cases of conformance/, over HTTP alone, and those in which
 * hosts matter with each kind of hosts. What the draft leaves open, and what HTTP does not show, is tested in the
 * other files of this folder.
 */

import { env, exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APP, HOSTILE_STATE } from "../../conformance/cases/oauth.js";
import { findRecord, readRecord } from "../../conformance/connect/webfinger.js";
import { CASES, CHAPTERS, Session } from "../../conformance/index.js";
import { createHttp } from "../../conformance/run/http.js";
import { addressOn, HOSTS, type Hosts, storageOriginOn } from "../support/hosts";
import { codeFlowQuery } from "../support/oauth";
import {
  connectApp,
  createUser,
  locationOf,
  submitConsent,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { fetchWithSettings } from "../support/send-with-settings";
import { hosts as chosenHosts } from "../support/urls";

const MODULE = "conformance";
const SCOPES = [`${MODULE}:rw`, `${MODULE}:r`, "*:r", "*:rw", `${MODULE}:r ${MODULE}two:rw`];

/** A provider with these hosts: the Worker itself, or one with other settings. */
const providerAt = (hosts: Hosts) =>
  hosts === chosenHosts
    ? (request: Request) => exports.default.fetch(new Request(request, { signal: null }))
    : fetchWithSettings({ LOG_REQUESTS: "no", ORIGIN: "", STORAGE_ORIGIN: "", ...hosts.settings });

/** Has the user answer the dialog. Returns where the browser is sent. */
const answerDialog = async (
  user: TestUser,
  parameters: Record<string, string>,
  decision = "allow",
): Promise<string> => locationOf(await submitConsent(user, parameters, { decision }));

/** Creates a user, with a domain if that is where their storage is. */
async function createUserAt({ domain }: Hosts): Promise<TestUser> {
  const user = await createUser();
  if (domain === null) return user;
  const sql = "INSERT OR IGNORE INTO domains (host, account, has_storage) VALUES (?, ?, 1)";
  await env.DB.prepare(sql)
    .bind(domain(user.name), await accountId(user.name))
    .run();
  return user;
}

async function createTarget(hosts: Hosts) {
  const [alice, bob] = [await createUserAt(hosts), await createUserAt(hosts)];
  const tokens: Record<string, string> = {};
  for (const scope of SCOPES) tokens[scope] = (await connectApp(alice, scope)).token;
  const address = addressOn(hosts, alice.name);
  const { record, recordUrl } = await findRecord(createHttp({ fetch: providerAt(hosts) }), address);
  const found = readRecord(record);
  expect(found.storageRoot).toBe(`${storageOriginOn(hosts, alice.name)}/storage/${alice.name}`);
  const request = {
    client_id: APP,
    redirect_uri: `${APP}/`,
    response_type: "token",
    scope: `${MODULE}:rw`,
    state: HOSTILE_STATE,
  };
  const requests = [request, { ...request, ...(await codeFlowQuery()) }];
  const grants = [];
  for (const one of requests) {
    grants.push({ request: one, redirect: await answerDialog(alice, one) });
  }
  const { token } = await connectApp(bob, `${MODULE}:rw`);
  return {
    ...found,
    address,
    record,
    recordUrl,
    module: MODULE,
    tokens,
    other: {
      storageRoot: `${storageOriginOn(hosts, bob.name)}/storage/${bob.name}`,
      tokens: { [`${MODULE}:rw`]: token },
    },
    grants,
    consent: (parameters: Record<string, string>, decision: string) =>
      answerDialog(alice, parameters, decision),
    redirectUri: `${APP}/`,
  };
}

/**
 * Chapters and cases about what a request does once its host is known to serve the storage of the user
 * (src/discovery/storage-hosts.ts): nothing after that depends on the host, and no case expects a URL in an answer.
 */
const SAME_AT_ALL_HOSTS = [
  "deletion/",
  "names/",
  "clashes/",
  "versions/",
  "preconditions/",
  "races/",
  "ranges/",
  "documents/put-",
  "documents/get-",
  "documents/head",
  "folders/",
  "methods/unknown",
  "methods/malformed-conditions",
  "scopes/module-",
  "scopes/everything-",
  "scopes/sum",
  "client/",
];

/** Of them, those that show that requests of each kind are served. */
const KINDS_OF_REQUESTS = new Set([
  "documents/put-stores-bytes",
  "documents/head",
  "folders/items",
  "deletion/status",
]);

const dependsOnHosts = ({ id }: { id: string }): boolean =>
  KINDS_OF_REQUESTS.has(id) || !SAME_AT_ALL_HOSTS.some((prefix) => id.startsWith(prefix));

/** Cases about what this provider does not do. */
const NOT_APPLICABLE = new Set(["tokens/in-query-unannounced"]);

describe.each(Object.entries<Hosts>(HOSTS))("At the hosts %s:", (_, hosts) => {
  let session: Session;
  beforeAll(async () => {
    session = new Session(await createTarget(hosts), { fetch: providerAt(hosts) });
  });

  // At other hosts it would be the same: all that is listed is deleted.
  afterAll(async () => {
    if (hosts === chosenHosts) expect(await session.finish()).toEqual([]);
  });

  for (const [chapter, heading] of Object.entries(CHAPTERS)) {
    const cases = CASES.filter(({ id }) => id.startsWith(`${chapter}/`)).filter(
      (one) => hosts === chosenHosts || dependsOnHosts(one),
    );
    if (cases.length === 0) continue;
    describe(heading, () => {
      for (const testCase of cases) {
        const { id, requirements, title } = testCase;
        it([...requirements, title].join(" "), async () => {
          const { outcome, message, transcript } = await session.run(testCase);
          if (NOT_APPLICABLE.has(id)) expect(outcome).toBe("skipped");
          else expect([outcome, message, transcript]).toEqual(["passed", undefined, undefined]);
        });
      }
    });
  }
});
