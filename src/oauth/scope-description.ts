/** Scopes in the user's language. */

import { MAX_SCOPES, type Scope } from "../core/scope";
import type { Language } from "../ui/language";
import { OAUTH_MESSAGES } from "./messages";

/**
 * Describes scopes in one line: "notes (read and write), photos (read only)". Of more than one request
 * can have, which are those of many grants together, it describes the first.
 */
export function describeScopes(scopes: Scope[], language: Language = "en"): string {
  const { scopeEverything, scopeLevels } = OAUTH_MESSAGES[language];
  const described = scopes
    .slice(0, MAX_SCOPES)
    .map(
      ({ module, level }) => `${module === "*" ? scopeEverything : module} (${scopeLevels[level]})`,
    );
  return [...described, ...(scopes.length > MAX_SCOPES ? ["…"] : [])].join(", ");
}
