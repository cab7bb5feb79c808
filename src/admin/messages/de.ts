/** Messages of the administration pages in German. */

import { formatCount } from "../../ui/format";
import { plural } from "../../ui/plural";
import type { en } from "./en";

const accountActions: (typeof en)["accountActions"] = {
  suspend: {
    title: (name) => `${name} sperren?`,
    text: "Anmelden ist dann nicht mehr möglich, Apps verlieren den Zugriff, und öffentliche Dokumente sind nicht erreichbar, bis du das Konto entsperrst. Gelöscht wird nichts.",
    button: "Sperren",
  },
  resume: {
    title: (name) => `${name} entsperren?`,
    text: "Anmelden ist wieder möglich, und die Apps haben wieder Zugriff.",
    button: "Entsperren",
  },
  quota: {
    title: (name) => `Speicherplatz von ${name}`,
    text: "So viel dürfen die Dokumente und Datenbanken dieses Kontos zusammen belegen.",
    button: "Speicherplatz ändern",
  },
  "reset-link": {
    title: (name) => `Link zum Zurücksetzen der Anmeldung von ${name} erstellen?`,
    text: "Wer den Link hat, kann eine neue Anmeldemethode einrichten; alle anderen werden dabei entfernt. Schicke ihn nur der Person, der das Konto gehört, und nur auf einem sicheren Weg. Er funktioniert einmal, innerhalb von 24 Stunden.",
    button: "Link erstellen",
  },
  "make-administrator": {
    title: (name) => `${name} Admin-Rechte geben?`,
    text: "Admins können alles, was du hier kannst.",
    button: "Admin-Rechte geben",
  },
  "unmake-administrator": {
    title: (name) => `${name} die Admin-Rechte entziehen?`,
    text: "Sonst ändert sich am Konto nichts. Alle offenen Admin-Einladungen und Links zum Zurücksetzen werden ungültig.",
    button: "Admin-Rechte entziehen",
  },
  delete: {
    title: (name) => `${name} löschen?`,
    text: "Alle Dokumente und Datenbanken dieses Kontos werden gelöscht und alle Apps getrennt. Der Name wird nie wieder vergeben. Das lässt sich nicht rückgängig machen.",
    button: "Endgültig löschen",
  },
};

const logActions: (typeof en)["logActions"] = {
  "set-up": () => "hat mit dem Einrichtungslink Admin-Rechte erhalten",
  suspended: (_, account) => `hat ${account} gesperrt`,
  resumed: (_, account) => `hat ${account} entsperrt`,
  "quota-changed": (_, account, quota) =>
    `hat den Speicherplatz von ${account} auf ${quota ?? "den Standardwert"} gesetzt`,
  "reset-link-made": (_, account) =>
    `hat einen Link zum Zurücksetzen der Anmeldung von ${account} erstellt`,
  "administrator-made": (_, account) => `hat ${account} Admin-Rechte gegeben`,
  "administrator-unmade": (_, account) => `hat ${account} die Admin-Rechte entzogen`,
  "account-deleted": (_, account) => `hat ${account} gelöscht`,
  "domain-removed": ({ host }, account) => `hat die Domain ${host} von ${account} entfernt`,
  "invitation-made": ({ note, maxUses, isAdmin }, _, quota) =>
    [
      `hat eine Einladung für ${note} erstellt`,
      plural("de", maxUses, {
        one: "1 Verwendung",
        other: `${formatCount("de", maxUses)} Verwendungen`,
      }),
      ...(isAdmin ? ["mit Admin-Rechten"] : []),
      ...(quota === null ? [] : [`Speicherplatz ${quota}`]),
    ].join(", "),
  "invitation-revoked": ({ note }) => `hat die Einladung für ${note} widerrufen`,
};

export const de: typeof en = {
  title: "Verwaltung",
  nav: {
    "/admin": "Übersicht",
    "/admin/accounts": "Konten",
    "/admin/domains": "Domains",
    "/admin/invitations": "Einladungen",
    "/admin/settings": "Konfiguration",
    "/admin/log": "Protokoll",
  },
  overview: {
    accounts: "Konten",
    newThisMonth: "Neu in diesem Monat",
    suspended: "Gesperrt",
    documents: "Dokumente",
    usedBytes: "Belegter Speicherplatz",
    traffic: (days) => `Letzte ${days}`,
    requests: "Anfragen",
    errors: "Serverfehler",
    chart: (name, total, days, peak) =>
      `${name}: ${total} in ${days} Tagen, höchstens ${peak} an einem Tag`,
    delay: "Wird etwa jede Minute aktualisiert. Tage in UTC.",
  },
  accounts: {
    search: "Name beginnt mit",
    filter: "Anzeigen",
    states: { all: "Alle Konten", suspended: "Gesperrt", administrators: "Admins" },
    find: "Suchen",
    noResults: "Keine Konten gefunden.",
    name: "Name",
    used: "Belegt",
    quota: "Speicherplatz",
    documents: "Dokumente",
    lastSeen: "Zuletzt aktiv",
    never: "Nie",
    created: "Erstellt",
    status: "Status",
    active: "Aktiv",
    administrator: "Admin",
    suspended: (day) => ["Gesperrt (", day, ")"],
    defaultQuota: (quota) => `${quota} (Standard)`,
    privacyNote:
      "Du siehst, wie viel ein Konto speichert, aber nicht, was es speichert und welche Apps es nutzt.",
    actions: "Aktionen",
    unavailable: {
      title: "Aktion nicht möglich",
      sentence:
        "Diese Aktion ist für dieses Konto nicht oder nicht mehr möglich. Es wurde nichts geändert.",
    },
    notFound: {
      title: "Konto nicht gefunden",
      sentence: "Es gibt kein Konto mit diesem Namen.",
    },
    backToAccount: "Zurück zum Konto",
  },
  accountActions,
  actionLabel: (button, name) => `${button}: ${name}`,
  confirmName: (name) => `Gib zur Bestätigung ${name} ein`,
  wrongName: "Der Name stimmt nicht überein. Es wurde nichts gelöscht.",
  quotaField: "Speicherplatz",
  quotaHint: (quota) =>
    `Zum Beispiel 500 MB oder 5 GB. Leer lassen für den Standardwert, ${quota}.`,
  invalidQuota: "Gib eine Größe wie 500 MB oder 5 GB ein, oder lass das Feld leer.",
  resetLink: {
    title: (name) => `Link zum Zurücksetzen der Anmeldung von ${name}`,
    text: "Kopiere den Link jetzt, er wird nicht noch einmal angezeigt. Er funktioniert einmal, innerhalb von 24 Stunden.",
  },
  domains: {
    about:
      "Domains, die jemand hinzugefügt hat oder die du jemandem gegeben hast. Sie sind Teil von Adressen.",
    none: "Keine Domains.",
    states: {
      verified: (day) => ["nachgewiesen, zuletzt am ", day],
      failing: (day) => ["nicht mehr nachgewiesen seit ", day],
      claimed: (day) => ["nicht nachgewiesen, hinzugefügt am ", day],
      given: "vom Betreiber gegeben",
    },
    hostname: {
      none: "bei Cloudflare: noch nichts",
      host: (status) => `bei Cloudflare: ${status}`,
      certificate: (status) => `Zertifikat: ${status}`,
      problem: (problem) => `letzter Aufruf gescheitert: ${problem}`,
    },
    remove: "Entfernen",
    removeLabel: (host, name) => `${host} von ${name} entfernen`,
    removeTitle: (host, name) => `${host} von ${name} entfernen?`,
    removeText:
      "Die Adresse mit dieser Domain gilt dann nicht mehr. Das Konto bleibt, wie es ist, und die Domain kann mit Nachweis wieder hinzugefügt werden.",
    notFound: {
      title: "Domain nicht gefunden",
      sentence: "Das Konto hat diese Domain nicht.",
    },
  },
  invitations: {
    list: "Einladungen",
    none: "Keine Einladungen.",
    invite: "Jemanden einladen",
    note: "Für wen?",
    noteHint: "Das sehen nur Admins.",
    uses: "Anzahl der Verwendungen",
    days: "Gültigkeit (Tage)",
    isAdmin: "Neue Konten erhalten Admin-Rechte",
    create: "Einladung erstellen",
    invalid: (uses, days) =>
      `Gib an, für wen die Einladung ist, dazu 1 bis ${uses} Verwendungen und 1 bis ${days} Tage.`,
    created: "Einladung erstellt",
    copyNow: "Kopiere den Link jetzt, er wird nicht noch einmal angezeigt.",
    used: (uses, maxUses) => `${uses} von ${maxUses} verwendet`,
    expires: (day) => ["Ablauf: ", day],
    ended: "nicht mehr gültig",
    administrator: "mit Admin-Rechten",
    withQuota: (quota) => `Speicherplatz ${quota}`,
    revoke: "Widerrufen",
    revokeLabel: (note) => `Einladung für ${note} widerrufen`,
    revokeTitle: "Einladung widerrufen?",
    revokeText: (note) =>
      `Mit der Einladung für ${note} kann sich dann niemand mehr registrieren. Bestehende Konten bleiben.`,
    notFound: {
      title: "Einladung nicht gefunden",
      sentence: "Diese Einladung gibt es nicht.",
    },
    backToList: "Zurück zu den Einladungen",
  },
  configuration: {
    text: "Wird beim Start von Satchel gelesen (wrangler.toml und Secrets).",
    set: "gesetzt",
    notSet: "nicht gesetzt",
    name: "Einstellung",
    value: "Wert",
  },
  auditLog: {
    text: (days) =>
      `Was Admins getan haben, das Neueste zuerst. Einträge werden nach ${plural("de", days, {
        one: "1 Tag",
        other: `${formatCount("de", days)} Tagen`,
      })} gelöscht.`,
    none: "Noch keine Einträge.",
    time: "Zeit",
    administrator: "Admin",
    action: "Aktion",
  },
  logActions,
  setUp: {
    title: "Satchel einrichten",
    confirm: (name) => `${name} Admin-Rechte geben?`,
    text: "Admins laden Menschen ein, legen den Speicherplatz fest und können Konten sperren und löschen. Die Dokumente anderer sehen sie nicht. Dieser Link funktioniert einmal.",
    button: (name) => `${name} Admin-Rechte geben`,
    chooseAccount:
      "Dieser Link gibt einem Konto Admin-Rechte. Welches Konto möchtest du verwenden?",
    signUp: "Konto erstellen",
    signIn: "Anmelden",
    invalidLink: {
      title: "Dieser Link funktioniert nicht",
      sentence: "Er wurde schon verwendet, ist abgelaufen oder unvollständig.",
    },
  },
};
