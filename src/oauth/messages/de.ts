/** Messages of the consent and device pages in German. */

import { plural } from "../../ui/plural";
import type { en } from "./en";

export const de: typeof en = {
  title: "App verbinden",
  wantsAccess: "möchte auf deinen Speicher zugreifen",
  local:
    "Diese App läuft auf deinem eigenen Computer. Fahre nur fort, wenn du sie selbst gestartet hast.",
  firstTime:
    "Du hast diese App noch nie verbunden. Fahre nur fort, wenn das die Adresse der App ist, die du gerade benutzt hast.",
  unverified: (name) =>
    `Sie nennt sich „${name}“. Das könnte jedes Programm; der Name ist nicht geprüft.`,
  program:
    "Das ist ein Programm auf deinem Gerät. Es nennt sich so, aber das könnte jedes Programm; geprüft ist das nicht. Fahre nur fort, wenn du das gerade selbst in diesem Programm begonnen hast.",
  extension:
    "Das ist eine Erweiterung deines Browsers. Ihre Adresse sagt nicht, von wem sie ist; geprüft ist sie nicht. Fahre nur fort, wenn du das gerade selbst in einer Erweiterung begonnen hast, der du vertraust.",
  lookalike:
    "Diese Adresse enthält Sonderzeichen, die wie andere Buchstaben aussehen können. Fahre nur fort, wenn du genau diese Adresse erwartet hast. Wenn du dir nicht sicher bist, lehne ab.",
  connected: (scopes) => `Bereits verbunden: ${scopes}. Was du hier erlaubst, kommt hinzu.`,
  removeAccess: ["Unter", "Apps", " kannst du den Zugriff wieder entziehen."],
  everything: "Alle Daten in deinem Speicher",
  everythingDescription: "Alle Dokumente all deiner Apps, private und öffentliche",
  everythingWarning:
    "Dazu gehören auch die Daten all deiner anderen Apps. Nur wenige Apps brauchen so viel Zugriff.",
  moduleDescription: (module) => `Dokumente in „${module}“, private und öffentliche`,
  publicWarning: "Was die App veröffentlicht, kann jeder lesen, der den Link hat.",
  levels: { rw: "Lesen und schreiben", r: "Nur lesen", none: "Kein Zugriff" },
  scopeLevels: { rw: "lesen und schreiben", r: "nur lesen" },
  scopeEverything: "alle Daten",
  narrowing:
    "Wenn du weniger erlaubst, als die App verlangt, zeigt sie vielleicht Fehler, kann nichts speichern oder bittet dich, sie neu zu verbinden; dann kannst du ihr mehr erlauben.",
  expires: "Zugriff endet",
  durations: {
    day: "Nach 1 Tag",
    month: "Nach 30 Tagen",
    year: "Nach 1 Jahr",
    always: "Wenn ich die Verbindung trenne",
  },
  storedIn: "Deine Daten bleiben in deinem Speicher,",
  disconnectAnyTime: ["Du kannst die App jederzeit unter", "Apps", " trennen."],
  allow: "Erlauben",
  deny: "Ablehnen",
  allowed: "Zugriff erlaubt",
  denied: "Zugriff abgelehnt",
  returning: (app) => `Du kommst zurück zu ${app}. Wenn nichts passiert, benutze den Link.`,
  openingProgram: (app) =>
    `${app} wird geöffnet. Vielleicht fragt dein Browser zuerst nach. Wenn nichts passiert, benutze den Link; danach kannst du diese Seite schließen.`,
  problems: {
    nothing: "Du hast nichts erlaubt. Erlaube mindestens einen Eintrag oder lehne ab.",
    level: "Wähle für jeden Eintrag, was die App darf.",
    duration: "Wähle, wann der Zugriff endet.",
  },
  errorTitle: "Diese App kann nicht verbunden werden",
  invalidRedirectUri:
    "Die App hat keine gültige Rückkehradresse angegeben. Ihre redirect_uri muss genau eine eigene " +
    "https-Adresse sein (http nur auf diesem Computer), bei einem Programm oder einer " +
    "Browser-Erweiterung eine Adresse mit eigenem Schema, zum Beispiel com.example.app:/callback; " +
    "ohne Fragment und ohne Benutzernamen.",
  invalidRequest: {
    invalid_request: "Die Anfrage der App ist unvollständig oder widersprüchlich.",
    unauthorized_client:
      "Die App hat den Zugriff auf eine Weise angefordert, die für Programme und Browser-Erweiterungen nicht sicher ist: Sie brauchen den Code-Flow mit PKCE.",
    unsupported_response_type:
      "Die App hat einen Antworttyp angefordert, der nicht unterstützt wird.",
    invalid_scope: "Die App hat ungültige Berechtigungen angefordert.",
  },
  appError: "Das ist ein Fehler der App, den nur ihre Entwickler beheben können.",
  backToApp: "Zurück zur App",
  toApps: "Zu deinen Apps",
  tooManyApps: {
    title: "Zu viele Apps",
    sentence:
      "Du hast so viele Apps, Geräte und Zugriffstoken, wie ein Konto haben kann. Trenne, was du nicht mehr brauchst, und versuche es noch einmal.",
    link: "Zu deinen Apps",
  },
  device: {
    title: "Gerät verbinden",
    intro:
      "Ein Gerät oder Programm ohne Browser zeigt dir einen Code, wenn es auf deinen Speicher zugreifen möchte. Gib den Code hier ein.",
    code: "Code",
    codeFormat:
      "Acht Buchstaben, zum Beispiel BCDF-GHJK. Großschreibung und Bindestrich sind nicht nötig.",
    compareCode: "Fahre nur fort, wenn dein eigenes Gerät gerade genau diesen Code zeigt.",
    next: "Weiter",
    quoted: (name) => `„${name}“`,
    unverified:
      "Diesen Namen hat sich das Gerät selbst gegeben; er ist nicht geprüft. Fahre nur fort, wenn du die Verbindung auf deinem eigenen Gerät begonnen hast. Wenn dir jemand den Code oder einen Link zu dieser Seite geschickt hat, lehne ab.",
    codeShown: "Dein Gerät muss diesen Code zeigen:",
    invalidCode: "Dieser Code ist ungültig oder abgelaufen. Beginne auf deinem Gerät von vorn.",
    tooManyAttempts: (seconds) =>
      `Zu viele Versuche. Versuche es in ${seconds} ${plural("de", seconds, { one: "Sekunde", other: "Sekunden" })} noch einmal.`,
    allowed: (name) =>
      `${name} wird gleich verbunden. Du kannst diese Seite schließen und zu deinem Gerät zurückkehren.`,
    denied: (name) => `${name} hat keinen Zugriff bekommen.`,
    done: "Fertig",
    disconnectAnyTime: ["Du kannst das Gerät jederzeit unter", "Apps", " trennen."],
  },
};
