/** Messages of all pages in German. */

import { plural } from "../plural";
import type { en } from "./en";

export const de: typeof en = {
  skip: "Zum Inhalt springen",
  signOut: "Abmelden",
  menu: "Menü",
  pages: {
    "/": "Start",
    "/apps": "Apps",
    "/files/": "Dateien",
    "/data": "Daten",
    "/security": "Sicherheit",
    "/activity": "Verlauf",
    "/settings": "Einstellungen",
    "/admin": "Verwaltung",
  },
  homeLink: "Zur Startseite",
  cancel: "Abbrechen",
  nextPage: "Nächste Seite",
  rateLimited: {
    title: "Zu viele Anfragen",
    sentence: (seconds) =>
      `Du hast zu viele Anfragen gesendet. Versuche es in ${plural("de", seconds, {
        one: "1 Sekunde",
        other: `${seconds} Sekunden`,
      })} noch einmal.`,
  },
  notFound: { title: "Nicht gefunden", sentence: "Diese Seite gibt es nicht." },
  payloadTooLarge: {
    title: "Formular zu groß",
    sentence: "Das gesendete Formular ist größer als erlaubt.",
  },
  crossSiteForm: {
    title: "Anfrage blockiert",
    sentence:
      "Dieses Formular kam von einer anderen Website, oder dein Browser verbirgt, woher es kam. Öffne die Seite neu und versuche es noch einmal.",
  },
  serverError: {
    title: "Etwas ist schiefgelaufen",
    sentence: (id) =>
      `Bei uns ist ein Fehler aufgetreten. Wenn das noch einmal passiert, schick dem Betreiber dieser Website diese Kennung: ${id}`,
  },
  unavailable: "Vorübergehend nicht verfügbar",
  readUnavailable:
    "Diese Seite ist vorübergehend nicht verfügbar. Es wurde nichts geändert. Versuche es noch einmal.",
  unknownOutcome:
    "Wir haben nicht rechtzeitig eine Antwort bekommen. Prüfe, ob deine Änderung gespeichert ist, bevor du es noch einmal versuchst.",
  planLimits: {
    day: "Dieser Anbieter hat seine Datenbank für heute aufgebraucht. Versuche es nach Mitternacht (UTC) noch einmal.",
    space: "Die Datenbank dieses Anbieters ist voll. Nur der Betreiber kann Platz schaffen.",
    length: "Das ist mehr, als die Datenbank dieses Anbieters aufnehmen kann.",
  },
  untrustedProxy:
    "Apps können sich nicht über https verbinden: Dieser Server steht hinter einem Proxy und kennt seine öffentliche Adresse nicht. Wenn du ihn betreibst, setze ORIGIN oder TRUST_PROXY (siehe docs/settings.md).",
  copy: "Kopieren",
  copied: "Kopiert",
  copyFailed: "Drücke Strg+C",
  print: "Drucken",
  diff: {
    label: "Unterschiede",
    legend: "Zeilen mit − stehen nur im ersten Text, Zeilen mit + nur im zweiten.",
    same: "Die beiden Texte sind gleich.",
    tooDifferent: "Die beiden Texte sind zu verschieden, um sie Zeile für Zeile zu vergleichen.",
    cut: "Es gibt weitere Unterschiede, die hier nicht gezeigt werden.",
    equalLines: (count, text) =>
      plural("de", count, { one: "1 gleiche Zeile", other: `${text} gleiche Zeilen` }),
  },
};
