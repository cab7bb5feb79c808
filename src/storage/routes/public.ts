/**
 * GET and HEAD of documents in /public/. §14: "The server SHOULD therefore make an effort to detect and
 * stop brute-force attacks that attempt to guess the location of such documents."
 */

import { formatPath, type NodePath } from "../../core/path";
import { type Outcome, refused } from "../../core/refusals";
import { isAllowed } from "../../core/scope";
import type { HonoContext } from "../../http/context";
import { blockGuessing, clientAddressKey, recordMiss } from "../../http/rate-limits";
import type { AccessClaims } from "../../oauth/access-tokens";
import { serveDocument } from "./read";

/**
 * Serves a public document. A client that misses too many of one user's is refused, whether a document
 * exists or not: except where it knows the answer already, because it has found the document before, or
 * missed it. Refuses with `too-many-requests` then, and as `serveDocument` does.
 */
export async function servePublic(
  c: HonoContext,
  user: string,
  node: NodePath,
  claims: AccessClaims | null,
  now: number,
): Promise<Outcome<Response>> {
  const serve = () => serveDocument(c, { kind: "anonymous", user }, node, now);
  const isOwn = claims?.user === user && isAllowed(claims.scopes, "read", node);
  const question = `${clientAddressKey(c)} ${user}${formatPath(node)}`;
  if (isOwn || answered.has(question)) return serve();
  const blocked = blockGuessing(c, user, now);
  if (blocked) return refused(blocked);
  const response = await serve();
  // Many requests may have been under way at once: beyond the limit none of them gets its response.
  const isMiss = !response.ok && response.refusal.code === "not-found";
  const blockedNow = isMiss ? recordMiss(c, user, Date.now()) : blockGuessing(c, user, Date.now());
  if (blockedNow) return refused(blockedNow);
  rememberAnswered(question);
  return response;
}

/** The addresses of clients, each with a document that they were told about. Each isolate has its own. */
const answered = new Set<string>();
let answeredCharacters = 0;

/** Then the oldest are forgotten. */
const MAX_ANSWERED_CHARACTERS = 2_000_000;

function rememberAnswered(question: string): void {
  if (answered.has(question)) return;
  answered.add(question);
  answeredCharacters += question.length;
  for (const oldest of answered) {
    if (answeredCharacters <= MAX_ANSWERED_CHARACTERS) return;
    answered.delete(oldest);
    answeredCharacters -= oldest.length;
  }
}
