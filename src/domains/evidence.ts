/** What proves that a user controls a domain: a value in DNS or in a file, and how it is looked for. */

import { type Env, settings } from "../env";
import { queryTxt, type TxtAnswer } from "./dns";
import { type FileAnswer, fetchProofFile } from "./proof-file";

/** The name of the TXT record about a host. */
export const recordName = (host: string): string => `_satchel.${host}`;

/**
 * What was found in DNS. `found`: the value. `none`: no record. `other`: records, none with the value.
 * `differs`: only one resolver has found the value. `alias`: a CNAME, which does not count. `refused`:
 * the domain's name servers fail. `unavailable`: a resolver did not answer, which says nothing.
 */
export type DnsFinding =
  | "found"
  | "none"
  | "other"
  | "differs"
  | "alias"
  | "refused"
  | "unavailable";

/** What was found in the file: the same words, and those of `proof-file.ts`. */
export type FileFinding = "found" | "none" | "other" | "redirect" | "unreachable";

/** What a check has found. */
export interface Findings {
  dns: DnsFinding;
  file: FileFinding;
}

/** What is published about a host at a moment. It answers for each claim to it alike. */
export interface Evidence {
  dns: TxtAnswer[];
  file: FileAnswer;
}

/**
 * Whether the host itself is asked for a file. Not by the local server, which may be in a private network
 * that a name can lead into; Cloudflare connects to public addresses only.
 */
export const canFetchFiles = (env: Env): boolean => env.LOCAL_SERVER === undefined;

/** Asks both resolvers, and the host itself: at most `EVIDENCE_CALLS` calls. Never rejects. */
export async function gatherEvidence(env: Env, host: string): Promise<Evidence> {
  const [file, ...dns] = await Promise.all([
    canFetchFiles(env) ? fetchProofFile(host) : { problem: "unreachable" as const },
    ...settings(env).DNS_RESOLVERS.map((resolver) => queryTxt(resolver, recordName(host))),
  ]);
  return { dns, file };
}

/** The calls of `gatherEvidence`. */
export const EVIDENCE_CALLS = 3;

/** What the evidence says of a value. */
export const findValue = ({ dns, file }: Evidence, value: string): Findings => ({
  dns: findInDns(dns, value),
  file: "problem" in file ? file.problem : file.values.includes(value) ? "found" : "other",
});

/** Both resolvers have to find it: one of them may be deceived, or have an old answer. */
function findInDns(answers: TxtAnswer[], value: string): DnsFinding {
  const findings = answers.map((answer) =>
    "problem" in answer ? answer.problem : answer.values.includes(value) ? "found" : "other",
  );
  const [first, ...others] = findings;
  if (first === undefined || findings.includes("unavailable")) return "unavailable";
  if (others.every((other) => other === first)) return first;
  return findings.includes("found") ? "differs" : (findings.find((one) => one !== "none") ?? first);
}

/** Whether the value was found. */
export const isProved = ({ dns, file }: Findings): boolean => dns === "found" || file === "found";

/** Whether the check says nothing, because it could not look where the value may be. */
export const isInconclusive = (findings: Findings): boolean =>
  !isProved(findings) && (findings.dns === "unavailable" || findings.dns === "differs");
