/** Messages of the pages about tasks, and of uploads, in German. */

import { plural } from "../../ui/plural";
import type { en } from "./en";

const documents = (count: number, formatted: string): string =>
  plural("de", count, { one: "1 Dokument", other: `${formatted} Dokumente` });

const was = (count: number): string => plural("de", count, { one: "wurde", other: "wurden" });

const would = (count: number): string => plural("de", count, { one: "würde", other: "würden" });

export const de: typeof en = {
  title: "Aufgaben",
  about: "Änderungen an vielen Dokumenten. Eine Aufgabe läuft weiter, wenn du die Seite schließt.",
  none: "Es gibt keine Aufgaben. Wenn du Dokumente löschst, verschiebst oder wiederherstellst, beginnt eine.",
  kinds: {
    delete: "Dokumente löschen",
    move: "Dokumente verschieben",
    rename: "Umbenennen",
    restore: "Gelöschte Dokumente wiederherstellen",
    "go-back": "In der Zeit zurückgehen",
    undo: "Rückgängig machen",
    free: "Frühere Versionen endgültig löschen",
  },
  preview: "Vorschau",
  states: {
    running: "Läuft",
    paused: "Angehalten",
    cancelled: "Abgebrochen",
    done: "Fertig",
    failed: "Beendet",
  },
  facts: {
    paths: "Was",
    renamed: "Neuer Name",
    target: "Nach",
    moment: "Stand vom",
    undone: "Macht rückgängig",
    state: "Status",
    started: "Begonnen",
    ended: "Beendet",
    bytes: "Daten",
  },
  morePaths: (count) => `und ${count} weitere`,
  progress: "Fortschritt",
  waiting: "Beginnt gleich.",
  looked: (count, formatted) => `Bisher geprüft: ${documents(count, formatted)}.`,
  lookedOf: (looked, total) => `${looked} von ${total} geprüft.`,
  goesOn: "Du kannst diese Seite schließen. Die Aufgabe läuft weiter.",
  paused: "Angehalten. Was bisher geschehen ist, bleibt so.",
  cancelled: "Du hast diese Aufgabe abgebrochen. Was bis dahin geschehen ist, bleibt so.",
  failed:
    "Der Speicher hat zu lange nicht geantwortet, darum wurde die Aufgabe beendet. Was bis dahin geschehen ist, bleibt so.",
  undone: ["Das wurde rückgängig gemacht:", "Ergebnis ansehen", "."],
  did: {
    nothing: "Es wurde kein Dokument geändert.",
    nothingFreed: "Es gab nichts zu löschen.",
    deleted: (count, formatted) => `${documents(count, formatted)} ${was(count)} gelöscht.`,
    moved: (count, formatted) => `${documents(count, formatted)} ${was(count)} verschoben.`,
    restored: (count, formatted) =>
      `${documents(count, formatted)} ${was(count)} wiederhergestellt.`,
    reverted: (count, formatted) =>
      plural("de", count, {
        one: "1 Dokument hat wieder seinen früheren Inhalt.",
        other: `${formatted} Dokumente haben wieder ihren früheren Inhalt.`,
      }),
    freed: (count, formatted, bytes) =>
      plural("de", count, {
        one: `1 Version wurde endgültig gelöscht (${bytes}).`,
        other: `${formatted} Versionen wurden endgültig gelöscht (${bytes}).`,
      }),
    conflicts: (count, formatted) =>
      plural("de", count, {
        one: "1 Dokument blieb, wie es ist.",
        other: `${formatted} Dokumente blieben, wie sie sind.`,
      }),
    failed: (count, formatted) =>
      plural("de", count, {
        one: "1 Dokument konnte nicht geändert werden.",
        other: `${formatted} Dokumente konnten nicht geändert werden.`,
      }),
  },
  would: {
    nothing: "Es würde sich nichts ändern.",
    created: (count, formatted) => `${documents(count, formatted)} ${would(count)} zurückkommen.`,
    replaced: (count, formatted) =>
      `${documents(count, formatted)} ${would(count)} den früheren Inhalt bekommen.`,
    deleted: (count, formatted) => `${documents(count, formatted)} ${would(count)} gelöscht.`,
    freed: (count, formatted, bytes) =>
      plural("de", count, {
        one: `1 Version würde endgültig gelöscht (${bytes}).`,
        other: `${formatted} Versionen würden endgültig gelöscht (${bytes}).`,
      }),
    conflicts: (count, formatted) =>
      plural("de", count, {
        one: "1 Dokument würde bleiben, wie es ist.",
        other: `${formatted} Dokumente würden bleiben, wie sie sind.`,
      }),
    stillChanges:
      "Was Apps schreiben, bevor du beginnst und während es läuft, bleibt erhalten und wird am Ende aufgelistet.",
  },
  actions: {
    pause: "Anhalten",
    resume: "Fortsetzen",
    cancel: "Abbrechen",
    undo: "Rückgängig machen",
    do: "Ausführen",
  },
  openFolder: "Ordner öffnen",
  allTasks: "Alle Aufgaben",
  log: {
    title: "Dokumente",
    path: "Dokument",
    outcome: "Ergebnis",
    size: "Größe",
    all: "Alle",
    problems: "Nicht geändert",
    none: "Keine.",
    outcomes: {
      created: "Geschrieben",
      replaced: "Ersetzt",
      deleted: "Gelöscht",
      moved: "Verschoben",
      conflict: "Unverändert",
      failed: "Nicht geändert",
    },
    wouldBe: {
      created: "Würde zurückkommen",
      replaced: "Würde sich ändern",
      deleted: "Würde gelöscht",
      moved: "Würde verschoben",
      conflict: "Würde bleiben",
      failed: "Würde nicht geändert",
    },
  },
  reasons: {
    "precondition-failed": "Es wurde inzwischen geändert.",
    taken: "Es gibt dort schon ein Dokument mit diesem Namen.",
    clash: "Ein Dokument und ein Ordner können nicht denselben Namen haben.",
    "not-found": "Diese Version wird nicht mehr aufbewahrt.",
    "too-many-versions": "Es hat zu viele Versionen, um die von damals zu finden.",
    "over-quota": "Es ist nicht genug Speicherplatz frei.",
    "path-too-long": "Sein neuer Pfad wäre zu lang.",
    suspended: "Das Konto ist gesperrt.",
    "unknown-outcome": "Der Speicher hat nicht geantwortet: Vielleicht wurde es geändert.",
  },
  otherReason: (code) => `Es wurde abgelehnt (${code}).`,
  notFound: {
    title: "Aufgabe nicht gefunden",
    sentence: "Diese Aufgabe gibt es nicht. Die letzten hundert bleiben einen Monat lang gemerkt.",
  },
  tooMany: {
    title: "Zu viele Aufgaben",
    sentence: "Fünfzig Aufgaben warten. Lass einige fertig werden oder brich sie ab.",
  },
  problem: "Das geht nicht",
  problems: {
    action: "Wähle, ob du löschen, verschieben oder umbenennen willst.",
    "nothing-chosen": "Wähle mindestens ein Dokument oder einen Ordner.",
    "too-many":
      "Wähle weniger Dokumente und Ordner: höchstens 500 auf einmal, zum Umbenennen nur eins.",
    path: "Eins der gewählten Dokumente hat einen Namen, der nicht erlaubt ist.",
    name: "Dieser Name ist nicht erlaubt. Ein Name hat keinen Schrägstrich und ist weder „.“ noch „..“.",
    target: "Das ist kein Pfad eines Ordners. Pfade sehen so aus: /photos/2026/",
    "too-long": "Dieser Pfad ist zu lang.",
    "into-itself": "Ein Ordner kann nicht in sich selbst verschoben werden.",
    unchanged: "Es ist schon dort, unter diesem Namen.",
  },
  back: "Zurück",
  upload: {
    title: "Hochladen",
    files: "Dateien auswählen",
    folder: "Ordner auswählen",
    drop: "Oder zieh Dateien und Ordner irgendwohin auf diese Seite.",
    progress: "Fortschritt beim Hochladen",
    cancel: "Hochladen abbrechen",
    failures: "Nicht hochgeladen",
    retry: "Noch einmal versuchen",
    retryAll: "Alle noch einmal versuchen",
    reload: "Hochgeladene Dateien anzeigen",
    clash: {
      title: "Diese Datei gibt es schon",
      keepBoth: "Beide behalten",
      replace: "Ersetzen",
      skip: "Überspringen",
      forAll: "Genauso für alle weiteren Dateien",
    },
    script: {
      reading: "Ordner werden gelesen: bisher {count} Dateien",
      progress: "{done} von {count} fertig, {bytes} von {total}",
      waiting: "Der Server ist ausgelastet. Es geht in {seconds} s weiter.",
      clash: "{name} gibt es in diesem Ordner schon.",
      done: { one: "1 Datei wurde hochgeladen.", other: "{count} Dateien wurden hochgeladen." },
      skipped: {
        one: "1 Datei wurde übersprungen.",
        other: "{count} Dateien wurden übersprungen.",
      },
      failed: {
        one: "1 Datei wurde nicht hochgeladen.",
        other: "{count} Dateien wurden nicht hochgeladen.",
      },
      cancelled: "Das Hochladen wurde abgebrochen.",
      empty: "Es gab nichts hochzuladen.",
      errors: {
        network: "Die Verbindung wurde unterbrochen.",
        unreadable:
          "Die Datei konnte nicht gelesen werden. Vielleicht wurde sie geändert oder verschoben.",
        "400": "Der Name dieser Datei ist nicht erlaubt.",
        "401":
          "Du bist abgemeldet. Melde dich in einem anderen Tab an und versuche es noch einmal.",
        "403": "Du darfst keine Dateien hochladen.",
        "409": "Ein Ordner heißt genauso, oder eine Datei heißt wie einer der Ordner darüber.",
        "413": "Die Datei ist größer, als dieser Anbieter erlaubt.",
        "414": "Der Pfad dieser Datei ist zu lang.",
        "429": "Zu viele Anfragen. Versuche es später noch einmal.",
        "503": "Der Speicher antwortet nicht. Versuche es später noch einmal.",
        "507": "Es ist nicht genug Speicherplatz frei.",
        other: "Der Server hat die Datei abgelehnt ({status}).",
      },
    },
  },
};
