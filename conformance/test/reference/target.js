/** The reference server as a target, with every token that a case may need. */

import { HOSTILE_STATE, s256Challenge } from "../../cases/oauth.js";
import { findRecord, readRecord } from "../../connect/webfinger.js";
import { createHttp } from "../../run/http.js";
import { createReference, ORIGIN } from "./server.js";

const MODULE = "conformance";
const REDIRECT_URI = "https://app.example/";

/**
 * Starts a server and finds it by WebFinger.
 * @param {Parameters<typeof createReference>} args
 */
export async function createTarget(...args) {
  const { handle, consent, issue } = createReference(...args);
  const send = createHttp({ fetch: handle });
  const host = new URL(ORIGIN).host;
  const { record, recordUrl } = await findRecord(send, `alice@${host}`);
  const scopes = [`${MODULE}:rw`, `${MODULE}:r`, "*:r", "*:rw", `${MODULE}:r ${MODULE}two:rw`];
  const request = {
    client_id: "https://app.example",
    redirect_uri: REDIRECT_URI,
    response_type: "token",
    scope: `${MODULE}:rw`,
    state: HOSTILE_STATE,
  };
  const code = { ...request, response_type: "code", code_challenge: await s256Challenge("x") };
  /** @type {import("../../run/context.js").Target} */
  const target = {
    ...readRecord(record),
    address: `alice@${host}`,
    record,
    recordUrl,
    module: MODULE,
    tokens: Object.fromEntries(scopes.map((scope) => [scope, issue("alice", scope)])),
    other: {
      storageRoot: `${ORIGIN}/storage/bob`,
      tokens: { [`${MODULE}:rw`]: issue("bob", `${MODULE}:rw`) },
    },
    grants: [request, code].map((one) => ({
      request: one,
      redirect: consent("alice", one, "allow"),
    })),
    consent: async (parameters, decision) => consent("alice", parameters, decision),
    redirectUri: REDIRECT_URI,
  };
  return { target, handle };
}
