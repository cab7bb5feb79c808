/** ETags and preconditions of requests: §6, and RFC 9110 §8.8, §13. */

import { type Outcome, ok, refused } from "./refusals";

/** The version of every folder of an account that has never stored anything. */
export const EMPTY_STORAGE_VERSION = "untouched";

/** A version as a strong ETag, in double quotes. */
export const formatETag = (version: string): string => `"${version}"`;

/** The value of an If-Match or If-None-Match header. */
export interface VersionList {
  /** The value was `*`, which matches any current version. */
  any: boolean;
  versions: string[];
}

/** The conditional headers of a request. A plain value: the commit evaluates it atomically. */
export interface Precondition {
  match?: VersionList;
  noneMatch?: VersionList;
  /** Milliseconds since 1970, in whole seconds; so is `unmodifiedSince`. */
  modifiedSince?: number;
  unmodifiedSince?: number;
}

/**
 * Parses the conditional headers. Refuses a malformed list with `malformed` (400): guessing what the
 * client meant could overwrite what it wanted to protect.
 */
export function parsePrecondition(headers: Headers): Outcome<Precondition> {
  const precondition: Precondition = {};
  for (const [header, field] of [
    ["if-match", "match"],
    ["if-none-match", "noneMatch"],
  ] as const) {
    const raw = headers.get(header);
    if (raw === null) continue;
    const list = parseVersionList(raw);
    if (list === null) {
      const message = `The ${header} header is neither * nor a list of quoted ETags.`;
      return refused({ code: "malformed", message });
    }
    precondition[field] = list;
  }
  // RFC 9110 §13.1.3, §13.1.4: dates count only without a list of ETags, and "a recipient MUST
  // ignore" an invalid date.
  const modifiedSince = parseDate(headers.get("if-modified-since"));
  if (!precondition.noneMatch && modifiedSince !== null) precondition.modifiedSince = modifiedSince;
  const unmodifiedSince = parseDate(headers.get("if-unmodified-since"));
  if (!precondition.match && unmodifiedSince !== null) {
    precondition.unmodifiedSince = unmodifiedSince;
  }
  return ok(precondition);
}

/**
 * The version that a document must have for a change to succeed: null if it must not exist, undefined
 * if the precondition does not say.
 */
export function requiredVersion({ match, noneMatch }: Precondition): string | null | undefined {
  if (match && !match.any && match.versions.length === 1) return match.versions[0];
  return noneMatch?.any ? null : undefined;
}

/** Evaluates a GET or HEAD of an existing node, in the order of RFC 9110 §13.2.2. */
export function evaluateRead(
  precondition: Precondition,
  version: string,
  modified: number | null,
): "proceed" | "not-modified" | "failed" {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = precondition;
  const second = modified === null ? null : Math.floor(modified / 1000) * 1000;
  if (match && !includesVersion(match, version)) return "failed";
  if (unmodifiedSince !== undefined && second !== null && second > unmodifiedSince) return "failed";
  // §6: "SHOULD be responded to with a 304 response if that list includes the document or folder's
  // current version."
  if (noneMatch && includesVersion(noneMatch, version)) return "not-modified";
  if (modifiedSince !== undefined && second !== null && second <= modifiedSince) {
    return "not-modified";
  }
  return "proceed";
}

/**
 * RFC 9110 §13.1.5: whether a range may be served instead of the whole document. False for a date: two
 * versions of the same second would share it, and the client would mix their bytes.
 */
export const ifRangeMatches = (ifRange: string | null, version: string): boolean =>
  ifRange === null || ifRange === formatETag(version);

const includesVersion = (list: VersionList, version: string): boolean =>
  list.any || list.versions.includes(version);

/**
 * Parses `*` or a list of ETags; null if malformed. A weak `W/"x"` counts as `"x"`: our ETags are
 * strong, so a proxy must have weakened it. `"W/"x"`, which remotestorage.js makes of that, counts
 * likewise. A token without quotes is accepted from clients that forget them.
 */
function parseVersionList(raw: string): VersionList | null {
  const text = raw.trim();
  if (text === "*") return { any: true, versions: [] };
  const versions: string[] = [];
  // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements"
  const separator = /[\s,]*/y;
  const member = /(?:W\/|"W\/(?="))?(?:"([^"]*)"|([^\s",*]+))(?=[\s,]|$)/y;
  for (let position = 0; ; position = member.lastIndex) {
    separator.lastIndex = position;
    const [between = ""] = separator.exec(text) ?? [];
    if (separator.lastIndex === text.length) break;
    if (position > 0 && !between.includes(",")) return null;
    member.lastIndex = separator.lastIndex;
    const found = member.exec(text);
    if (!found) return null;
    versions.push(found[1] ?? found[2] ?? "");
  }
  return versions.length > 0 ? { any: false, versions } : null;
}

/** RFC 9110 §5.6.7: the three forms of an HTTP-date; null for anything else. */
function parseDate(raw: string | null): number | null {
  const isDate =
    raw !== null && /^[A-Z][a-z]+(, .* GMT| [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/.test(raw);
  // The asctime form has no zone; it means GMT.
  const time = isDate ? Date.parse(raw.endsWith("GMT") ? raw : `${raw} GMT`) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
