/** What a case is. */

/**
 * How binding a requirement is.
 *
 * - `MUST`, `SHOULD`: the draft's own words. A fact without such a word counts as MUST.
 * - `RFC`: from a specification that the draft builds on, such as HTTP or OAuth.
 * - `client`: what remotestorage.js needs, although the draft does not ask for it.
 * - `robustness`: what no specification asks for, but users suffer from.
 * @typedef {"MUST" | "SHOULD" | "RFC" | "client" | "robustness"} Level
 */

/**
 * What a case needs besides a token for the module.
 *
 * - `module`: a token for nothing but the module (`<module>:rw`).
 * - `reader`: one that may read the module (`<module>:r`).
 * - `rootReader`: one that may read everything (`*:r`).
 * - `full`: one that may do everything (`*:rw`).
 * - `combined`: one with two scopes (`<module>:r <module>two:rw`).
 * - `other`: a second account, and a token for it.
 * - `webfinger`: the WebFinger record of the account.
 * - `grants`: what the provider's own dialog answered in this run.
 * - `consent`: somebody who answers the provider's dialog as often as the case asks.
 * - `large`: some megabytes to be sent.
 * @typedef {"module" | "reader" | "rootReader" | "full" | "combined" | "other" | "webfinger" | "grants" | "consent" | "large"} Need
 */

/**
 * @typedef {object} Case
 * @property {string} id chapter and name, such as "documents/put-stores-bytes"
 * @property {string} title a sentence that holds if the case passes
 * @property {Level} level
 * @property {string} source the section that demands it: "§4", "RFC 9110 §13.1.1", "remotestorage.js"
 * @property {string[]} requirements ids of requirements.js
 * @property {number} since the first draft that demands it
 * @property {Need[]} needs
 * @property {(context: import("./context.js").Context) => Promise<void>} run
 *
 * @typedef {Omit<Case, "source" | "requirements" | "since" | "needs"> & Partial<Case>} CaseDefinition
 */

/** In the order in which they are reported. @type {Level[]} */
export const LEVELS = ["MUST", "SHOULD", "RFC", "client", "robustness"];

/**
 * Completes the cases of a chapter: their ids begin with its name, and `source` is the section of the first
 * requirement unless it is given.
 * @param {string} name
 * @param {CaseDefinition[]} definitions
 * @returns {Case[]}
 */
export const chapter = (name, definitions) =>
  definitions.map((definition) => {
    const { requirements = [], source = sectionOf(requirements[0]) } = definition;
    return {
      since: 2,
      needs: [],
      ...definition,
      id: `${name}/${definition.id}`,
      requirements,
      source,
    };
  });

/** @param {string} [requirement] such as "§4.28" or "§10.1-3" */
function sectionOf(requirement) {
  if (requirement === undefined) throw new Error("A case has neither a requirement nor a source.");
  return requirement.includes("-")
    ? requirement.slice(0, requirement.indexOf("-"))
    : requirement.slice(0, requirement.lastIndexOf("."));
}
