/** TXT records, by DNS over HTTPS in JSON: https://developers.google.com/speed/public-dns/docs/doh/json */

import * as v from "valibot";
import { logWarning } from "../platform/log";
import { withCallTimeout } from "../platform/retry";
import { readTextStart } from "./bounded-text";

/** What a resolver says about a name: its TXT records, or why there are none. */
export type TxtAnswer =
  | { values: string[] }
  /** `alias`: the name is a CNAME. `refused`: its name servers fail. `unavailable`: the resolver does. */
  | { problem: "none" | "alias" | "refused" | "unavailable" };

const RESOLVER_TIMEOUT_MS = 5000;

/** DNS itself has at most 64 KB (RFC 1035 §4.2.2); in JSON that is several times as much. */
const MAX_ANSWER_BYTES = 512 * 1024;

const TXT = 16;
const CNAME = 5;
const NO_ERROR = 0;
const NXDOMAIN = 3;

const DnsJson = v.object({
  Status: v.number(),
  Answer: v.optional(
    v.array(v.object({ name: v.string(), type: v.number(), data: v.string() })),
    [],
  ),
});

/**
 * Asks a resolver for the TXT records of a name. Never rejects. Aliases are not followed: whoever owns
 * the name that an old or wildcard CNAME leads to does not thereby own this one.
 */
export async function queryTxt(resolver: string, name: string): Promise<TxtAnswer> {
  const url = new URL(resolver);
  url.searchParams.set("name", name);
  url.searchParams.set("type", "TXT");
  try {
    const options = {
      headers: { Accept: "application/dns-json" },
      signal: AbortSignal.timeout(RESOLVER_TIMEOUT_MS),
    };
    const response = await withCallTimeout(fetch(url, options));
    if (!response.ok) throw new Error(`The resolver answered ${response.status}.`);
    const json = await readTextStart(response.body, MAX_ANSWER_BYTES);
    return readAnswer(v.parse(DnsJson, JSON.parse(json)), name);
  } catch (error) {
    logWarning("A DNS resolver has not answered.", error);
    return { problem: "unavailable" };
  }
}

function readAnswer({ Status, Answer }: v.InferOutput<typeof DnsJson>, name: string): TxtAnswer {
  if (Status !== NO_ERROR && Status !== NXDOMAIN) return { problem: "refused" };
  const own = Answer.filter((record) => normalizeName(record.name) === name);
  if (own.some(({ type }) => type === CNAME)) return { problem: "alias" };
  const values = own.filter(({ type }) => type === TXT).map(({ data }) => parseTxtData(data));
  return values.length === 0 ? { problem: "none" } : { values };
}

const normalizeName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** The text of a record: its strings, which resolvers quote or not, joined (RFC 7208 §3.3). */
function parseTxtData(data: string): string {
  if (!data.startsWith('"')) return data;
  return [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, text = ""]) => text.replace(/\\(.)/g, "$1"))
    .join("");
}
