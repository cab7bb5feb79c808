/**
 * The API for custom hostnames of Cloudflare for SaaS:
 * https://developers.cloudflare.com/api/resources/custom_hostnames/. Nothing here rejects, and the token is in no log line.
 */

import * as v from "valibot";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import { withCallTimeout } from "../platform/retry";
import { readTextStart } from "./bounded-text";

/** A custom hostname as Cloudflare describes it. */
export interface CustomHostname {
  id: string;
  /** Of the host, such as "pending", and of its certificate, such as "pending_validation". */
  status: string;
  certificateStatus: string;
  /** What Cloudflare and the certificate authority say is wrong. */
  errors: string[];
}

/**
 * Why there is no answer. `refused`: the name is not accepted. `taken`: somebody else has it there. `quota`: there
 * may be no more. `operator`: the zone, the token or its rights are wrong. `busy`: too many calls. `unavailable`: no
 * answer, or none that can be understood.
 */
export type HostnameProblem = "refused" | "taken" | "quota" | "operator" | "busy" | "unavailable";

/** A call that has failed, and what Cloudflare says about it. `gone`: there is none with this id. */
export interface ApiFailure {
  problem: HostnameProblem | "gone";
  errors: string[];
}

const API_TIMEOUT_MS = 5000;

/** A page of the list has at most fifty custom hostnames. */
const MAX_ANSWER_BYTES = 512 * 1024;

/** How much is kept of what Cloudflare says. */
const MAX_ERRORS = 5;
const MAX_ERROR_LENGTH = 300;

/** Longer names need Cloudflare's own as the common name of their certificate (RFC 5280, ub-common-name). */
const MAX_COMMON_NAME_LENGTH = 64;

/** https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/reference/status-codes/custom-hostnames/ */
const QUOTA_CODES = [1404, 1405];
const DUPLICATE_CODE = 1406;
const NAME_CODES = [1407, 1408, 1409, 1410, 1411];
const NOT_FOUND_CODE = 1436;

const ApiError = v.object({ code: v.number(), message: v.optional(v.string(), "") });

const Answer = v.object({
  success: v.optional(v.boolean(), true),
  errors: v.optional(v.nullable(v.array(ApiError)), []),
  result: v.optional(v.unknown()),
});

const Description = v.object({
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  hostname: v.string(),
  status: v.optional(v.string(), "pending"),
  ssl: v.nullish(
    v.object({
      status: v.optional(v.string(), "initializing"),
      validation_errors: v.nullish(v.array(v.object({ message: v.optional(v.string(), "") }))),
    }),
  ),
  verification_errors: v.nullish(v.array(v.unknown())),
});

/** Whether domains can lead here by custom hostnames: only if the operator has set them up. */
export function hasCustomHostnames(env: Env): boolean {
  const { CUSTOM_HOSTNAMES_ZONE, CUSTOM_HOSTNAMES_TOKEN } = settings(env);
  return CUSTOM_HOSTNAMES_ZONE !== "" && CUSTOM_HOSTNAMES_TOKEN !== "";
}

/** Certificates are validated by HTTP: Cloudflare answers for the host once it leads there. */
const VALIDATION = { method: "http", type: "dv" };

/**
 * Makes a custom hostname, for which Cloudflare requests a certificate. If the zone has one of this name already,
 * such as from a call whose answer was lost, returns that. At most two calls.
 */
export async function createCustomHostname(
  env: Env,
  host: string,
): Promise<CustomHostname | ApiFailure> {
  const isLong = host.length > MAX_COMMON_NAME_LENGTH;
  const ssl = { ...VALIDATION, ...(isLong ? { cloudflare_branding: true } : {}) };
  const answer = await call(env, "POST", "", { hostname: host, ssl });
  if (!("problem" in answer)) return describe(host, answer.result);
  if (answer.problem !== "taken") return answer;
  const found = await findCustomHostname(env, host);
  return found ?? answer;
}

/** Finds a custom hostname by its name. Null: the zone has none. */
export async function findCustomHostname(
  env: Env,
  host: string,
): Promise<CustomHostname | ApiFailure | null> {
  const answer = await call(env, "GET", `?hostname=${encodeURIComponent(host)}`);
  if ("problem" in answer) return answer;
  const list = v.safeParse(v.array(Description), answer.result);
  if (!list.success) return misunderstood("a list");
  const own = list.output.find(({ hostname }) => hostname === host);
  return own === undefined ? null : describe(host, own);
}

/** Reads a custom hostname. */
export async function readCustomHostname(
  env: Env,
  host: string,
  id: string,
): Promise<CustomHostname | ApiFailure> {
  const answer = await call(env, "GET", `/${id}`);
  return "problem" in answer ? answer : describe(host, answer.result);
}

/** Has Cloudflare validate a custom hostname again at once, even if it has given up. */
export async function restartValidation(
  env: Env,
  host: string,
  id: string,
): Promise<CustomHostname | ApiFailure> {
  const answer = await call(env, "PATCH", `/${id}`, { ssl: VALIDATION });
  return "problem" in answer ? answer : describe(host, answer.result);
}

/** Deletes a custom hostname and its certificates. Null: it is deleted, or was not there. */
export async function deleteCustomHostname(env: Env, id: string): Promise<ApiFailure | null> {
  const answer = await call(env, "DELETE", `/${id}`);
  return "problem" in answer && answer.problem !== "gone" ? answer : null;
}

/** An answer about another host is none: its id must not become that of this one. */
function describe(host: string, result: unknown): CustomHostname | ApiFailure {
  const parsed = v.safeParse(Description, result);
  if (!parsed.success || parsed.output.hostname !== host) return misunderstood("a custom hostname");
  const { id, status, ssl, verification_errors } = parsed.output;
  const messages = [
    ...(verification_errors ?? []).filter((error) => typeof error === "string"),
    ...(ssl?.validation_errors ?? []).map(({ message }) => message),
  ];
  return {
    id,
    status,
    certificateStatus: ssl?.status ?? "initializing",
    errors: shorten(messages),
  };
}

const shorten = (messages: string[]): string[] =>
  [...new Set(messages)]
    .filter((message) => message !== "")
    .slice(0, MAX_ERRORS)
    .map((message) => message.slice(0, MAX_ERROR_LENGTH));

function misunderstood(what: string): ApiFailure {
  logFailure("unavailable", `It was not ${what}, or one of another host.`);
  return { problem: "unavailable", errors: [] };
}

/** The result of a call, or why there is none. One subrequest. */
async function call(
  env: Env,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: object,
): Promise<{ result: unknown } | ApiFailure> {
  const {
    CUSTOM_HOSTNAMES_API: api,
    CUSTOM_HOSTNAMES_ZONE: zone,
    CUSTOM_HOSTNAMES_TOKEN: token,
  } = settings(env);
  try {
    const response = await withCallTimeout(
      fetch(`${api}/zones/${zone}/custom_hostnames${path}`, {
        method,
        // A redirect could take the token elsewhere.
        redirect: "manual",
        signal: AbortSignal.timeout(API_TIMEOUT_MS),
        headers: {
          Accept: "application/json",
          Authorization: `Bearer ${token}`,
          ...(body ? { "Content-Type": "application/json" } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    );
    const { success, errors, result } = parseAnswer(
      await readTextStart(response.body, MAX_ANSWER_BYTES),
    );
    if (response.ok && success) return { result };
    const codes = (errors ?? []).map(({ code }) => code);
    const problem = problemOf(response.status, codes);
    if (problem !== "gone") logFailure(problem, `HTTP ${response.status}, codes ${codes.join()}`);
    return { problem, errors: shorten((errors ?? []).map(({ message }) => message)) };
  } catch (error) {
    logFailure("unavailable", error);
    return { problem: "unavailable", errors: [] };
  }
}

/** An answer that is not JSON, such as the page of a proxy, means nothing: not even that something was deleted. */
function parseAnswer(text: string): v.InferOutput<typeof Answer> {
  try {
    return v.parse(Answer, JSON.parse(text));
  } catch {
    return { success: false, errors: [], result: undefined };
  }
}

function problemOf(status: number, codes: number[]): HostnameProblem | "gone" {
  const has = (known: number[]) => codes.some((code) => known.includes(code));
  if (has([NOT_FOUND_CODE])) return "gone";
  if (has([DUPLICATE_CODE])) return "taken";
  if (has(QUOTA_CODES)) return "quota";
  if (has(NAME_CODES)) return "refused";
  if (status === 429) return "busy";
  return status >= 400 && status < 500 ? "operator" : "unavailable";
}

/** What the operator reads in the log. Not what Cloudflare says, which may name the host. */
const LOG_SENTENCES: Record<HostnameProblem, string> = {
  refused: "Cloudflare does not accept the name of a user's domain.",
  taken: "A custom hostname exists at Cloudflare already.",
  quota: "Cloudflare makes no more custom hostnames: the zone has as many as it may have.",
  operator:
    "Cloudflare refuses custom hostnames: check CUSTOM_HOSTNAMES_ZONE, CUSTOM_HOSTNAMES_TOKEN and its rights.",
  busy: "Cloudflare's API is called too often.",
  unavailable: "Cloudflare's API for custom hostnames has not answered.",
};

const logFailure = (problem: HostnameProblem, detail: unknown): void =>
  logWarning(LOG_SENTENCES[problem], detail);
