/** Messages of the pages about connected apps and personal access tokens in German. */

import { OAUTH_MESSAGES } from "../../oauth/messages";
import { plural } from "../../ui/plural";
import type { en } from "./en";

export const de: typeof en = {
  title: "Verbundene Apps",
  about: "Apps mit Zugriff auf deinen Speicher, und wie sie ihn nutzen.",
  none: "Noch sind keine Apps verbunden.",
  noneNext: [
    "Öffne eine App und gib dort deine Adresse ein, oder wähle eine App auf der",
    "Startseite",
    ".",
  ],
  connectDevice: "Gerät verbinden",
  connectDeviceAbout: "Für ein Gerät, das dir einen Code anzeigt",
  createToken: "Token erstellen",
  createTokenAbout: "Für Skripte und andere Programme ohne Browser",
  disconnectAll: "Alle trennen",
  manage: "Verwalten",
  manageLabel: (name) => `${name} verwalten`,
  disconnect: "Trennen",
  disconnectLabel: (name) => `${name} trennen`,
  open: "Mit deiner Adresse öffnen",
  flows: {
    implicit: "Browser-App",
    code: "App, die ihren Zugriff verlängern kann",
    token: "Token, das du erstellt hast",
    device: "Gerät, das du mit einem Code verbunden hast",
  },
  kinds: {
    web: null,
    loopback: "läuft auf deinem eigenen Computer",
    program: "Programm auf deinem Gerät, nicht geprüft",
    extension: "Browser-Erweiterung, nicht geprüft",
  },
  unverifiedName: (name) => `nennt sich „${name}“`,
  connectedAt: (since, end) => [
    "Verbunden: ",
    since,
    ...(end === null ? [" · Zugriff, bis du sie trennst"] : [" · Zugriff endet: ", end]),
  ],
  noEnd: "Wenn du sie trennst",
  lastUsed: (time) => ["Zuletzt benutzt: ", time],
  neverUsed: "Noch nicht benutzt",
  unused: (count) =>
    plural("de", count, {
      one: "1 App wurde seit einem Jahr nicht benutzt.",
      other: `${count} Apps wurden seit einem Jahr nicht benutzt.`,
    }),
  reviewUnused: "Prüfen und trennen",
  requests: (count, formatted) =>
    plural("de", count, { one: "1 Anfrage", other: `${formatted} Anfragen` }),
  used: (requests, bytes) => `${requests} und ${bytes} in den letzten 30 Tagen`,
  busiest: (day, requests) => `am meisten am ${day}, mit ${requests}`,
  legend: "Balken nach oben: Anfragen pro Tag. Balken nach unten: Daten pro Tag.",
  facts: {
    permissions: "Berechtigungen",
    type: "Art",
    since: "Verbunden",
    end: "Zugriff endet",
    lastUsed: "Zuletzt benutzt",
    usage: "Nutzung",
  },
  change: "Berechtigungen ändern",
  changeAbout:
    "Hier kannst du den Zugriff nur einschränken. Die Änderung gilt sofort, auf allen Geräten. Eine App, die schreiben möchte und nur lesen darf, kann nichts speichern und zeigt vielleicht einen Fehler. Wenn sie mehr dürfen soll, wähle in der App „Reconnect“ („Neu verbinden“) oder trenne und verbinde sie dort.",
  moreModules:
    "Das sind die ersten 64 Module. Die übrigen behalten ihren Zugriff; sie erscheinen hier, wenn du den Zugriff auf diese eingeschränkt hast.",
  end: "Zugriff endet",
  ends: {
    keep: (day) => `Unverändert (${day ?? "wenn du sie trennst"})`,
    day: "Nach 1 Tag",
    month: "Nach 30 Tagen",
    year: "Nach 1 Jahr",
  },
  save: "Speichern",
  done: {
    changed: "Gespeichert. Die Änderung gilt ab sofort.",
    disconnected: "Getrennt. Der Zugriff ist beendet.",
  },
  problems: {
    level: OAUTH_MESSAGES.de.problems.level,
    end: "Wähle, wann der Zugriff der App endet.",
    changed:
      "Das wurde inzwischen an anderer Stelle geändert. Prüfe es und versuche es noch einmal.",
  },
  notConnected: { title: "App nicht gefunden", sentence: "Diese App ist nicht verbunden." },
  backToApps: "Zurück zu deinen Apps",
  confirmDisconnect: {
    title: (name) => `${name} trennen?`,
    text: "Der Zugriff endet sofort, auf allen Geräten. Deine Daten bleiben in deinem Speicher.",
    button: "Trennen",
  },
  confirmDisconnectUnused: {
    title: "Unbenutzte Apps trennen?",
    text: "Sie wurden seit einem Jahr nicht benutzt. Der Zugriff der ausgewählten endet sofort, auf allen Geräten. Deine Daten bleiben in deinem Speicher.",
    button: "Ausgewählte trennen",
  },
  confirmDisconnectAll: {
    title: "Alles trennen?",
    text: "Alle Apps, Geräte und Tokens verlieren sofort ihren Zugriff. Deine Daten bleiben in deinem Speicher.",
    button: "Alles trennen",
  },
  tokens: {
    title: "Token erstellen",
    about:
      "Ein Token gibt einem Programm ohne Browser, zum Beispiel einem Skript oder Backup, Zugriff auf einen Teil deines Speichers. Wer das Token hat, hat diesen Zugriff.",
    name: "Name",
    nameRule: "So erkennst du es später wieder, zum Beispiel „Backup auf meinem Laptop“.",
    write: "Module zum Lesen und Schreiben",
    read: "Module nur zum Lesen",
    modulesRule:
      "Zum Beispiel: notes, photos. Ein * steht für alles, auch die Daten aller deiner Apps; so viel brauchen nur wenige Programme.",
    duration: "Läuft ab",
    create: "Token erstellen",
    problems: {
      name: "Gib einen Namen mit 1 bis 50 Zeichen ein.",
      scope:
        "Gib mindestens ein Modul ein, zum Beispiel notes. Erlaubt sind Buchstaben, Ziffern, Bindestriche und Punkte.",
      duration: "Wähle, wann das Token abläuft.",
    },
    created: "Dein Token",
    once: "Kopiere es jetzt. Du kannst es später nicht mehr sehen.",
    everything:
      "Dieses Token gibt Zugriff auf alles in deinem Speicher. Bewahre es so sicher auf wie dein Passwort.",
    example: "Zum Ausprobieren",
    revoke: ["Du kannst es jederzeit widerrufen, unter", "Apps", "."],
  },
};
