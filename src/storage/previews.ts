/**
 * Previews: URLs under which a browser loads one version of a document for a short time, without a
 * session. They are on the storage's host: what is in a document never has the origin of the pages.
 */

import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import * as v from "valibot";
import type { NodePath } from "../core/path";
import { MINUTE_MS } from "../core/time";
import { type Env, settings } from "../env";
import { findVerificationKey, loadSigningKey } from "../oauth/signing-keys";
import { bodyKey } from "./bodies";

/** The version that a preview shows. */
export interface PreviewedVersion {
  /** Id of the account. */
  account: string;
  /** Its name, which may be in the host. */
  user: string;
  /** The R2 key of the body. */
  key: string;
  /** The Content-Type that the browser is told, without parameters. */
  type: string;
  /** Bytes. */
  length: number;
}

/** Enough to load a picture or the pages of a PDF. */
const LIFETIME_MS = 10 * MINUTE_MS;

/** A player asks for the next part of a recording while it plays. */
const MEDIA_LIFETIME_MS = 60 * MINUTE_MS;

const ALGORITHM = "HS256";

/** No access token has this type, and no preview that of access tokens: RFC 8725 §3.11. */
const PREVIEW_TOKEN_TYPE = "preview+jwt";

const Claims = v.object({
  sub: v.string(),
  user: v.string(),
  key: v.string(),
  type: v.string(),
  length: v.number(),
});

/**
 * Makes the URL of a preview: a path if the storage is on the host of the pages. `type` is a Content-Type
 * without parameters, of a picture, a recording or a PDF document: nothing that a browser could run.
 */
export async function previewUrl(
  env: Env,
  document: { account: string; user: string; node: NodePath; version: string; length: number },
  type: string,
  now: number,
): Promise<string> {
  const key = await bodyKey(document.account, document.node, document.version);
  const { kid, secret } = await loadSigningKey(env, now);
  const lifetime = /^(audio|video)\//.test(type) ? MEDIA_LIFETIME_MS : LIFETIME_MS;
  const token = await new SignJWT({ user: document.user, key, type, length: document.length })
    .setProtectedHeader({ alg: ALGORITHM, typ: PREVIEW_TOKEN_TYPE, kid })
    .setSubject(document.account)
    .setExpirationTime(Math.floor((now + lifetime) / 1000))
    .sign(secret);
  // The name is only for people: browsers show it, and save the document under it.
  const path = `/preview/${token}/${encodeURIComponent(document.node.name)}`;
  return (settings(env).STORAGE_ORIGIN?.replace("*", document.user) ?? "") + path;
}

/** Verifies the token of a preview. Returns null if its signature is invalid or it has expired. */
export async function verifyPreview(
  env: Env,
  token: string,
  now: number,
): Promise<PreviewedVersion | null> {
  try {
    const { kid } = decodeProtectedHeader(token);
    const key = kid === undefined ? null : await findVerificationKey(env, kid, now);
    if (key === null) return null;
    const { payload } = await jwtVerify(token, key.secret, {
      algorithms: [ALGORITHM],
      typ: PREVIEW_TOKEN_TYPE,
      requiredClaims: ["exp"],
      currentDate: new Date(now),
    });
    const { sub, ...claims } = v.parse(Claims, payload);
    return { account: sub, ...claims };
  } catch (error) {
    // decodeProtectedHeader throws a TypeError for what is not a JWT.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    // Of an earlier release, which a page still shows.
    if (v.isValiError(error)) return null;
    throw error;
  }
}
