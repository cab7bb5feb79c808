/**
 * Previews: URLs under which a browser loads one version of a document for a short time, without a
 * session. They are on the storage's host: what is in a document never has the origin of the pages.
 */

import * as v from "valibot";
import type { NodePath } from "../core/path";
import { MINUTE_MS } from "../core/time";
import { type Env, settings } from "../env";
import { signToken, verifyToken } from "../oauth/signing-keys";
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

const PREVIEW_TOKEN_TYPE = "preview+jwt";

const Claims = v.object({
  sub: v.string(),
  user: v.string(),
  key: v.string(),
  type: v.string(),
  length: v.number(),
  exp: v.number(),
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
  const { account: sub, user, length } = document;
  const lifetime = /^(audio|video)\//.test(type) ? MEDIA_LIFETIME_MS : LIFETIME_MS;
  const exp = Math.floor((now + lifetime) / 1000);
  const token = await signToken(
    env,
    PREVIEW_TOKEN_TYPE,
    { sub, user, key, type, length, exp },
    now,
  );
  // The name is only for people: browsers show it, and save the document under it.
  const path = `/preview/${token}/${encodeURIComponent(document.node.name)}`;
  return (settings(env).STORAGE_ORIGIN?.replace("*", user) ?? "") + path;
}

/** Verifies the token of a preview. Returns null if its signature is invalid or it has expired. */
export async function verifyPreview(
  env: Env,
  token: string,
  now: number,
): Promise<PreviewedVersion | null> {
  const payload = await verifyToken(env, PREVIEW_TOKEN_TYPE, token, now);
  const claims = v.safeParse(Claims, payload);
  // A page may still show one of an earlier release, with other claims.
  if (!claims.success) return null;
  const { sub: account, user, key, type, length } = claims.output;
  return { account, user, key, type, length };
}
