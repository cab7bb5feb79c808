/** Scopes in the user's language. */

import type { Scope } from "../core/scope";
import type { Language } from "../ui/language";
import { OAUTH_MESSAGES } from "./messages";

/** Describes scopes in one line: "notes (read and write), photos (read only)". */
export function describeScopes(scopes: Scope[], language: Language = "en"): string {
  const { scopeEverything, scopeLevels } = OAUTH_MESSAGES[language];
  return scopes
    .map(
      ({ module, level }) => `${module === "*" ? scopeEverything : module} (${scopeLevels[level]})`,
    )
    .join(", ");
}
