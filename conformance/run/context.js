/** What a case works with. */

import { App } from "./app.js";
import * as expect from "./expect.js";
import { Skip } from "./outcomes.js";

/**
 * An account at a provider.
 * @typedef {object} Account
 * @property {string} storageRoot without a slash at its end
 * @property {Record<string, string>} tokens by their scopes
 *
 * What a provider's dialog was asked, and where it sent the browser.
 * @typedef {object} Grant
 * @property {Record<string, string>} request the parameters of the authorization request
 * @property {string} redirect the URL to which the browser was sent, with its query or fragment
 * @property {import("./answer.js").Answer} [token] the answer of the token endpoint, in the code flow
 *
 * Opens the provider's dialog with these parameters, and answers it.
 * @typedef {(parameters: Record<string, string>, decision: "allow" | "deny") => Promise<string>} Consent
 *
 * The provider that is checked.
 * @typedef {Account & {
 *   module: string,
 *   draft: number,
 *   address?: string,
 *   record?: import("./answer.js").Answer,
 *   recordUrl?: string,
 *   properties: Record<string, string | null>,
 *   other?: Account,
 *   grants?: Grant[],
 *   consent?: Consent,
 *   redirectUri?: string,
 *   isLargeAllowed?: boolean,
 * }} Target
 * `record` is the answer to the WebFinger query at `recordUrl`, after redirects; `properties` are those of its link.
 */

/**
 * @typedef {object} Context
 * @property {App} app with read and write access to the module
 * @property {App} reader with a token `<module>:r`
 * @property {App} rootReader with a token that may read everything
 * @property {App} full with a token `*:rw`
 * @property {App} combined with a token `<module>:r <module>two:rw`
 * @property {App} other the second account's, with access to the module
 * @property {App} anonymous without a token
 * @property {App} intruder with the app's token at the storage root of the second account
 * @property {(token: string) => App} withToken an app with another token
 * @property {import("./http.js").Send} send to any URL
 * @property {string} folder the case's own, empty at first, with a slash at its end
 * @property {string} publicFolder the same below /public/
 * @property {string} name the last part of both, without the slash
 * @property {Target} target
 * @property {typeof expect} expect
 * @property {(reason: string) => never} skip
 */

/** The scope of each token that a need stands for. @type {(module: string) => Record<string, string[]>} */
export const scopesOf = (module) => ({
  app: [`${module}:rw`, "*:rw"],
  module: [`${module}:rw`],
  reader: [`${module}:r`],
  rootReader: ["*:r", "*:rw"],
  full: ["*:rw"],
  combined: [`${module}:r ${module}two:rw`],
});

/**
 * The token of an account for a need; undefined if there is none.
 * @param {Account} account
 * @param {string} module
 * @param {string} need
 */
export const tokenFor = ({ tokens }, module, need) =>
  scopesOf(module)
    [need]?.map((scope) => tokens[scope])
    .find((token) => token !== undefined);

/**
 * What a case may use. An app whose token is missing cannot be used: the case must name it as a need.
 * @param {Target} target
 * @param {import("./http.js").Send} send
 * @param {import("./workspace.js").Workspace} workspace
 * @param {string} name of the case's own folder
 * @returns {Context}
 */
export function createContext(target, send, workspace, name) {
  const { module, storageRoot, other } = target;
  const appFor = (/** @type {string} */ need) => {
    const token = tokenFor(target, module, need);
    return /** @type {App} */ (token && new App(send, storageRoot, token));
  };
  const otherToken = other && tokenFor(other, module, "app");
  return {
    app: appFor("app"),
    reader: appFor("reader"),
    rootReader: appFor("rootReader"),
    full: appFor("full"),
    combined: appFor("combined"),
    other: new App(send, other?.storageRoot ?? storageRoot, otherToken ?? null),
    anonymous: new App(send, storageRoot, null),
    intruder: new App(
      send,
      other?.storageRoot ?? storageRoot,
      tokenFor(target, module, "app") ?? null,
    ),
    withToken: (token) => new App(send, storageRoot, token),
    send,
    folder: `${workspace.privateFolder}${name}/`,
    publicFolder: `${workspace.publicFolder}${name}/`,
    name,
    target,
    expect,
    skip: (reason) => {
      throw new Skip(reason);
    },
  };
}
