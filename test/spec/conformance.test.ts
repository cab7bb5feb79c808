/**
 * The conformance suite for any provider, at this one: the cases of conformance/, over HTTP alone. What the
 * draft leaves open, and what HTTP does not show, is tested in the other files of this folder.
 */

import { exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APP, HOSTILE_STATE } from "../../conformance/cases/oauth.js";
import { findRecord, readRecord } from "../../conformance/connect/webfinger.js";
import { CASES, CHAPTERS, Session } from "../../conformance/index.js";
import { createHttp } from "../../conformance/run/http.js";
import { codeFlowQuery } from "../support/oauth";
import {
  connectApp,
  createUser,
  locationOf,
  ORIGIN,
  submitConsent,
  type TestUser,
} from "../support/provider";

const MODULE = "conformance";
const SCOPES = [`${MODULE}:rw`, `${MODULE}:r`, "*:r", "*:rw", `${MODULE}:r ${MODULE}two:rw`];

const fetchWorker = (request: Request): Promise<Response> =>
  exports.default.fetch(new Request(request, { signal: null }));

/** Has the user answer the dialog. Returns where the browser is sent. */
const answerDialog = async (
  user: TestUser,
  parameters: Record<string, string>,
  decision = "allow",
): Promise<string> => locationOf(await submitConsent(user, parameters, { decision }));

async function createTarget() {
  const [alice, bob] = [await createUser(), await createUser()];
  const tokens: Record<string, string> = {};
  for (const scope of SCOPES) tokens[scope] = (await connectApp(alice, scope)).token;
  const address = `${alice.name}@${new URL(ORIGIN).host}`;
  const { record, recordUrl } = await findRecord(createHttp({ fetch: fetchWorker }), address);
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
    ...readRecord(record),
    address,
    record,
    recordUrl,
    module: MODULE,
    tokens,
    other: { storageRoot: `${ORIGIN}/storage/${bob.name}`, tokens: { [`${MODULE}:rw`]: token } },
    grants,
    consent: (parameters: Record<string, string>, decision: string) =>
      answerDialog(alice, parameters, decision),
    redirectUri: `${APP}/`,
  };
}

let session: Session;
beforeAll(async () => {
  session = new Session(await createTarget(), { fetch: fetchWorker });
});

afterAll(async () => {
  expect(await session.finish()).toEqual([]);
});

/** Cases about what this provider does not do. */
const NOT_APPLICABLE = new Set(["tokens/in-query-unannounced"]);

for (const [chapter, heading] of Object.entries(CHAPTERS)) {
  describe(heading, () => {
    for (const testCase of CASES.filter(({ id }) => id.startsWith(`${chapter}/`))) {
      const { id, requirements, title } = testCase;
      it([...requirements, title].join(" "), async () => {
        const { outcome, message, transcript } = await session.run(testCase);
        if (NOT_APPLICABLE.has(id)) expect(outcome).toBe("skipped");
        else expect([outcome, message, transcript]).toEqual(["passed", undefined, undefined]);
      });
    }
  });
}
