/** The file by which a web site proves whose it is. */

import { withCallTimeout } from "../platform/retry";
import { readTextStart } from "./bounded-text";

/** Path of the file on the host that it is about. */
export const PROOF_PATH = "/.well-known/satchel.txt";

/** For the whole answer. */
const FILE_TIMEOUT_MS = 5000;

/** Of a longer file only the beginning is read. */
const MAX_FILE_BYTES = 4096;

/** The lines of the file, or why there are none. `unreachable`: no answer by HTTPS, or an error of the host. */
export type FileAnswer = { values: string[] } | { problem: "none" | "redirect" | "unreachable" };

/**
 * Fetches the file of a host by HTTPS. Never rejects. Redirects are not followed: they would let
 * whoever can make one on this host, such as a link shortener, name a file of their own. Whatever DNS
 * says at that moment, Cloudflare connects to public addresses only (its error 1002).
 */
export async function fetchProofFile(host: string): Promise<FileAnswer> {
  try {
    const response = await withCallTimeout(
      fetch(`https://${host}${PROOF_PATH}`, {
        redirect: "manual",
        signal: AbortSignal.timeout(FILE_TIMEOUT_MS),
        headers: { Accept: "text/plain", "User-Agent": "Satchel" },
      }),
    );
    if (response.status === 200) return { values: await readLines(response) };
    await response.body?.cancel();
    if (response.status >= 500) return { problem: "unreachable" };
    return { problem: response.status >= 300 && response.status < 400 ? "redirect" : "none" };
  } catch {
    // Most domains have no web site at all: nothing that the operator should know of.
    return { problem: "unreachable" };
  }
}

async function readLines(response: Response): Promise<string[]> {
  const text = await readTextStart(response.body, MAX_FILE_BYTES);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
