/** What happened in an account, in words. */

import type { Deed, Way } from "../accounts/activity";
import { parseScopes } from "../core/scope";
import { describeScopes } from "../oauth/grants";
import { formatBytes, formatCountry } from "../ui/format";
import type { Language } from "../ui/language";

/** A sentence for each kind: one that is missing does not compile. */
type Sayings = {
  [Kind in Deed["kind"]]: (deed: Extract<Deed, { kind: Kind }>) => string;
};

const scopesIn = (language: Language, scope: string): string =>
  describeScopes(parseScopes(scope) ?? [], language) || scope;

/** ", Firefox on Linux, Germany", as far as it is known. */
const where = (language: Language, device: string | null, country: string | null): string =>
  [device, country && formatCountry(language, country)]
    .filter(Boolean)
    .map((part) => `, ${part}`)
    .join("");

const EN_WAYS: Record<Way, string> = {
  password: "with the password",
  passkey: "with a passkey",
  "recovery-code": "with a recovery code",
  link: "with a link",
};

const en: Sayings = {
  "sign-up": ({ way }) => `Account made, ${EN_WAYS[way]}`,
  "sign-in": ({ way, device, country }) =>
    `Signed in ${EN_WAYS[way]}${where("en", device, country)}`,
  "session-ended": ({ device }) => `A browser was signed out${where("en", device, null)}`,
  "sign-out-everywhere": () => "Signed out on all other browsers",
  "password-set": () => "Password set",
  "password-removed": () => "Password removed",
  "passkey-added": ({ name }) => `Passkey added: ${name}`,
  "passkey-renamed": ({ name }) => `Passkey renamed: ${name}`,
  "passkey-removed": ({ name }) => `Passkey removed: ${name}`,
  "recovery-codes-made": () => "New recovery codes made; older ones are void",
  "email-set": ({ email }) => `E-mail address set: ${email}`,
  "email-removed": () => "E-mail address removed",
  "app-allowed": ({ app, scope }) => `App allowed: ${app}, ${scopesIn("en", scope)}`,
  "app-changed": ({ app, scope }) => `What an app may do changed: ${app}, ${scopesIn("en", scope)}`,
  "app-disconnected": ({ app }) => `App disconnected: ${app}`,
  "app-ended": ({ app, why }) =>
    why === "revoked"
      ? `App gave up its access: ${app}`
      : `App disconnected for safety, because a key that it had used came a second time: ${app}`,
  "all-disconnected": () => "All apps disconnected",
  "token-made": ({ app, scope }) => `Access token made: ${app}, ${scopesIn("en", scope)}`,
  export: () => "Data downloaded",
  "database-deleted": ({ module, name }) => `Database deleted: ${name} of ${module}`,
  suspended: () => "Account suspended by an administrator",
  resumed: () => "Account opened again by an administrator",
  "quota-changed": ({ quotaBytes }) =>
    quotaBytes === null
      ? "Room set to the usual amount by an administrator"
      : `Room set to ${formatBytes("en", quotaBytes)} by an administrator`,
  "reset-link-made": () => "Link to come in again made by an administrator",
};

const DE_WAYS: Record<Way, string> = {
  password: "mit dem Passwort",
  passkey: "mit einem Passkey",
  "recovery-code": "mit einem Wiederherstellungscode",
  link: "mit einem Link",
};

const de: Sayings = {
  "sign-up": ({ way }) => `Konto angelegt, ${DE_WAYS[way]}`,
  "sign-in": ({ way, device, country }) =>
    `Angemeldet ${DE_WAYS[way]}${where("de", device, country)}`,
  "session-ended": ({ device }) => `Ein Browser wurde abgemeldet${where("de", device, null)}`,
  "sign-out-everywhere": () => "Auf allen anderen Browsern abgemeldet",
  "password-set": () => "Passwort gesetzt",
  "password-removed": () => "Passwort entfernt",
  "passkey-added": ({ name }) => `Passkey hinzugefügt: ${name}`,
  "passkey-renamed": ({ name }) => `Passkey umbenannt: ${name}`,
  "passkey-removed": ({ name }) => `Passkey entfernt: ${name}`,
  "recovery-codes-made": () => "Neue Wiederherstellungscodes gemacht; ältere gelten nicht mehr",
  "email-set": ({ email }) => `E-Mail-Adresse gesetzt: ${email}`,
  "email-removed": () => "E-Mail-Adresse entfernt",
  "app-allowed": ({ app, scope }) => `App erlaubt: ${app}, ${scopesIn("de", scope)}`,
  "app-changed": ({ app, scope }) =>
    `Geändert, was eine App darf: ${app}, ${scopesIn("de", scope)}`,
  "app-disconnected": ({ app }) => `App getrennt: ${app}`,
  "app-ended": ({ app, why }) =>
    why === "revoked"
      ? `App hat ihren Zugriff abgegeben: ${app}`
      : `App zur Sicherheit getrennt, weil ein benutzter Schlüssel von ihr noch einmal kam: ${app}`,
  "all-disconnected": () => "Alle Apps getrennt",
  "token-made": ({ app, scope }) => `Zugangstoken gemacht: ${app}, ${scopesIn("de", scope)}`,
  export: () => "Daten heruntergeladen",
  "database-deleted": ({ module, name }) => `Datenbank gelöscht: ${name} von ${module}`,
  suspended: () => "Konto von der Verwaltung gesperrt",
  resumed: () => "Konto von der Verwaltung wieder geöffnet",
  "quota-changed": ({ quotaBytes }) =>
    quotaBytes === null
      ? "Platz von der Verwaltung auf das Übliche gesetzt"
      : `Platz von der Verwaltung auf ${formatBytes("de", quotaBytes)} gesetzt`,
  "reset-link-made": () => "Link zum Wiederhereinkommen von der Verwaltung gemacht",
};

const SAYINGS: Record<Language, Sayings> = { en, de };

/** A deed in one line. */
export function sayDeed(language: Language, deed: Deed): string {
  const say = SAYINGS[language][deed.kind] as ((deed: Deed) => string) | undefined;
  // A kind that is not ours was written by a newer version, before it was rolled back.
  return say?.(deed) ?? (deed as Deed).kind;
}
