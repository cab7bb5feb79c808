/** Parts of event descriptions that both languages share. */

import { APP_MESSAGES } from "../../apps/messages";
import { parseScopes } from "../../core/scope";
import { unverifiedKind } from "../../oauth/app-identity";
import { describeScopes } from "../../oauth/scope-description";
import { formatCountry } from "../../ui/format";
import type { Language } from "../../ui/language";

/** "notes (read only)"; the scope parameter itself if it does not parse. */
export const formatScope = (language: Language, scope: string): string =>
  describeScopes(parseScopes(scope) ?? [], language) || scope;

/** The app of an event; a program or browser extension is called unverified. */
export function formatApp(language: Language, app: string): string {
  const kind = unverifiedKind(app);
  return kind === null ? app : `${app} (${APP_MESSAGES[language].kinds[kind]})`;
}

/** Such as ", Firefox, Linux, Germany": only what is known. */
export const formatDetails = (
  language: Language,
  device: string | null,
  country: string | null,
): string =>
  [device, country && formatCountry(language, country)]
    .filter(Boolean)
    .map((part) => `, ${part}`)
    .join("");
