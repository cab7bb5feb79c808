/** Descriptions of activity events in German. */

import type { AuthMethod, DomainLoss, RefusalReason, TaskKind } from "../../accounts/activity";
import { formatBytes } from "../../ui/format";
import { visibleName } from "../../ui/item-name";
import type { en } from "./en";
import { formatApp, formatDetails, formatScope } from "./parts";

const METHODS: Record<AuthMethod, string> = {
  password: "mit einem Passwort",
  passkey: "mit einem Passkey",
  "recovery-code": "mit einem Wiederherstellungscode",
  link: "mit einem Link",
};

const REFUSALS: Record<RefusalReason, string> = {
  scope: "sie auf Daten zugreifen wollte, die ihr nicht freigegeben sind",
  quota: "nicht genug Speicherplatz frei war",
  size: "ein Dokument zu groß war",
  rate: "sie zu viele Anfragen gesendet hat",
  name: "ein Dokument und ein Ordner denselben Namen gehabt hätten",
  request: "sie eine ungültige Anfrage gesendet hat",
};

const TASKS: Record<TaskKind, (path: string) => string> = {
  delete: (path) => `Dokumente gelöscht: ${path}`,
  move: (path) => `Dokumente verschoben: ${path}`,
  restore: (path) => `Gelöschte Dokumente wiederhergestellt: ${path}`,
  "go-back": (path) => `In der Zeit zurückgegangen: ${path}`,
  undo: (path) => `Rückgängig gemacht: ${path}`,
  free: (path) => `Frühere Versionen endgültig gelöscht: ${path}`,
};

const DOMAIN_LOSSES: Record<DomainLoss, (host: string) => string> = {
  removed: (host) => `Domain entfernt: ${host}`,
  administrator: (host) => `Domain von einem Admin entfernt: ${host}`,
  taken: (host) => `Domain mit Nachweis von einem anderen Konto übernommen: ${host}`,
  unproved: (host) => `Domain abgeschaltet, weil ihr Nachweis zu lange fehlte: ${host}`,
};

export const de: typeof en = {
  "sign-up": ({ way }) => `Konto ${METHODS[way]} erstellt`,
  "sign-in": ({ way, device, country }) =>
    `Angemeldet ${METHODS[way]}${formatDetails("de", device, country)}`,
  "session-ended": ({ device }) => `Sitzung beendet${formatDetails("de", device, null)}`,
  "sign-out-everywhere": () => "Überall sonst abgemeldet",
  "password-set": () => "Passwort festgelegt",
  "password-removed": () => "Passwort entfernt",
  "passkey-added": ({ name }) => `Passkey hinzugefügt: ${name}`,
  "passkey-renamed": ({ name }) => `Passkey umbenannt: ${name}`,
  "passkey-removed": ({ name }) => `Passkey entfernt: ${name}`,
  "recovery-codes-made": () => "Neue Wiederherstellungscodes erstellt; ältere gelten nicht mehr",
  "email-set": ({ email }) => `E-Mail-Adresse bestätigt: ${email}`,
  "email-removed": () => "E-Mail-Adresse entfernt",
  "profile-changed": () => "Öffentliches Profil geändert",
  "app-allowed": ({ app, scope }) =>
    `App verbunden: ${formatApp("de", app)}, ${formatScope("de", scope)}`,
  "app-changed": ({ app, scope }) =>
    `Berechtigungen der App geändert: ${formatApp("de", app)}, ${formatScope("de", scope)}`,
  "app-disconnected": ({ app }) => `App getrennt: ${formatApp("de", app)}`,
  "app-ended": ({ app, why }) =>
    why === "revoked"
      ? `App hat sich selbst getrennt: ${formatApp("de", app)}`
      : `App zur Sicherheit getrennt, weil ein schon benutztes Refresh-Token noch einmal verwendet wurde: ${formatApp("de", app)}`,
  "app-refused": ({ app, why }) => `App abgewiesen: ${formatApp("de", app)}, weil ${REFUSALS[why]}`,
  "all-disconnected": () => "Alle Apps getrennt",
  "token-made": ({ app, scope }) => `Zugriffstoken erstellt: ${app}, ${formatScope("de", scope)}`,
  export: () => "Daten exportiert",
  import: () => "Daten importiert",
  "database-deleted": ({ module, name }) => `Datenbank gelöscht: ${name} von ${module}`,
  "task-started": ({ task, path }) => TASKS[task](visibleName(path)),
  "move-in": ({ from }) => `Einzug von einem anderen Anbieter: ${from}`,
  "files-edited": ({ module }) => `Dokumente auf der Dateien-Seite bearbeitet: ${module}`,
  "files-uploaded": ({ module }) => `Dokumente auf der Dateien-Seite hochgeladen: ${module}`,
  "domain-added": ({ host }) => `Domain hinzugefügt: ${host}`,
  "domain-failing": ({ host }) => `Nachweis einer Domain nicht mehr gefunden: ${host}`,
  "domain-lost": ({ host, why }) => DOMAIN_LOSSES[why](host),
  suspended: () => "Konto von einem Admin gesperrt",
  resumed: () => "Konto von einem Admin entsperrt",
  "quota-changed": ({ quotaBytes }) =>
    quotaBytes === null
      ? "Speicherplatz von einem Admin auf den Standardwert zurückgesetzt"
      : `Speicherplatz von einem Admin auf ${formatBytes("de", quotaBytes)} gesetzt`,
  "reset-link-made": () => "Link zum Zurücksetzen der Anmeldung von einem Admin erstellt",
};
