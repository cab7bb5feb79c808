/** Describes scopes in the user's language. */

import { MAX_SCOPES, type Scope } from "../core/scope";
import type { Language } from "../ui/language";
import { OAUTH_MESSAGES } from "./messages";

/**
 * Describes scopes in one line: "notes (read and write), photos (read only)". Many grants together may
 * have more scopes than one request; then only the first of them are described.
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
