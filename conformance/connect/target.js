/** Finds the provider that the arguments name, and gets the tokens for it. */

import { scopesOf } from "../run/context.js";
import { NEWEST_DRAFT } from "../run/drafts.js";
import { authorize } from "./authorize.js";
import { findRecord, readRecord } from "./webfinger.js";

/** @typedef {ReturnType<typeof import("../arguments.js").parseArguments>} Arguments */
/** @typedef {import("../run/context.js").Target} Target */

/**
 * Finds the provider, and opens its dialog unless there are tokens.
 * @param {Arguments} args
 * @param {import("../run/http.js").Send} send
 * @param {(text: string) => void} print
 * @returns {Promise<{target: Target, announced: string | null}>}
 */
export async function createTarget(args, send, print) {
  const { module } = args;
  const found = await find(args.address, args["storage-root"], send);
  const needs = ["module", "reader", ...(args.full ? ["full", "combined"] : []), "rootReader"];
  const scopes = needs.map((need) => scopesOf(module)[need][0]);
  const access = await getTokens(args.tokens, scopes, found.properties, send, print);
  const hasOther = args.other || args["other-storage-root"];
  const other = hasOther ? await findOther(args, send, print) : undefined;
  const target = {
    ...found,
    ...access,
    module,
    draft: args.draft ?? found.draft,
    isLargeAllowed: !args["no-large"],
    ...(args.address ? { address: args.address } : {}),
    ...(other ? { other } : {}),
  };
  return { target, announced: found.announced };
}

/**
 * @param {string | undefined} address
 * @param {string | undefined} storageRoot
 * @param {import("../run/http.js").Send} send
 */
async function find(address, storageRoot, send) {
  if (!storageRoot) {
    const { record, recordUrl } = await findRecord(send, String(address));
    return { ...readRecord(record), record, recordUrl };
  }
  /** @type {Record<string, string | null>} */
  const properties = {};
  return {
    storageRoot: storageRoot.replace(/\/$/, ""),
    properties,
    draft: NEWEST_DRAFT,
    announced: null,
  };
}

/**
 * @param {Arguments} args
 * @param {import("../run/http.js").Send} send
 * @param {(text: string) => void} print
 */
async function findOther(args, send, print) {
  const { storageRoot, properties } = await find(args.other, args["other-storage-root"], send);
  const scopes = [`${args.module}:rw`];
  print(`The second account: sign in as ${args.other ?? storageRoot}.`);
  const { tokens } = await getTokens(args.otherTokens, scopes, properties, send, print);
  return { storageRoot, tokens };
}

/**
 * The tokens that were given, or those that the dialog grants.
 * @param {Record<string, string>} given
 * @param {string[]} scopes
 * @param {Record<string, string | null>} properties
 * @param {import("../run/http.js").Send} send
 * @param {(text: string) => void} print
 */
async function getTokens(given, scopes, properties, send, print) {
  if (Object.keys(given).length > 0) return { tokens: given };
  return authorize({
    properties,
    scopes,
    send,
    announce: (url, scope) =>
      print(
        `Allow access to ${scope} in your browser. If no window opens, open this address:\n${url}\n`,
      ),
  });
}
