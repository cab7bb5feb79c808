/** Messages of the pages about moving in and out in German. */

import { plural } from "../../ui/plural";
import type { en } from "./en";

const documents = (count: number, formatted: string): string =>
  plural("de", count, { one: "1 Dokument", other: `${formatted} Dokumente` });

const was = (count: number): string => plural("de", count, { one: "wurde", other: "wurden" });

const is = (count: number): string => plural("de", count, { one: "ist", other: "sind" });

export const de: typeof en = {
  moveIn: {
    title: "Einziehen",
    about:
      "Hole deine Dokumente von einem anderen remoteStorage-Anbieter. Sie werden im Hintergrund kopiert: Du kannst diese Seite schließen. Dort wird nichts verändert.",
    address: "Deine Adresse beim alten Anbieter",
    addressRule: "Zum Beispiel alice@storage.example",
    conflicts: "Wenn hier schon ein anderes Dokument ist",
    conflictChoices: {
      keep: "Das hiesige behalten",
      replace: "Es ersetzen; die frühere Version bleibt eine Weile erhalten",
      both: "Beide behalten",
    },
    tokenTitle: "Ich habe ein Token",
    token: "Token mit Leserecht",
    tokenRule:
      "Lass das Feld leer, um dich beim alten Anbieter anzumelden. Ein Token brauchst du nur, wenn er dafür keine Seite hat.",
    submit: "Weiter",
    promise:
      "Du kommst zum alten Anbieter, der fragt, ob Satchel deine Dokumente lesen darf. Sein Token bleibt verschlüsselt gespeichert, bis der Umzug beendet ist, höchstens eine Woche.",
    databases: "Datenbanken von RxDB-Apps werden nicht kopiert: Nimm sie mit einem Export mit.",
    problems: {
      malformed: "Gib eine Adresse wie alice@storage.example ein.",
      "own-host": "Das ist eine Adresse dieses Anbieters. Gib die beim alten Anbieter ein.",
      "not-found":
        "Unter dieser Adresse gibt es kein remoteStorage. Prüfe, ob sie richtig geschrieben ist.",
      insecure:
        "Der alte Anbieter ist nicht über https erreichbar, darum wird dort nichts gelesen.",
      "not-public":
        "Der alte Anbieter hat keine öffentliche Adresse, darum wird dort nichts gelesen.",
      unreachable: "Der alte Anbieter antwortet nicht. Versuche es später noch einmal.",
      "no-dialog":
        "Der alte Anbieter hat keine Seite, die Zugriff gibt. Erzeuge dort ein Token, und gib es unten ein.",
      "bad-token": "Das ist kein Token.",
      busy: "Ein anderer Umzug ist noch nicht beendet. Brich ihn erst ab.",
      "bad-state": "Diese Anmeldung gilt nicht mehr. Beginne von vorn.",
      denied: "Der alte Anbieter hat keinen Zugriff gegeben. Du kannst es noch einmal versuchen.",
    },
  },
  leaving: {
    title: "Weiter zum alten Anbieter",
    sentence: (host) => `Du kommst zu ${host}. Dort wirst du gefragt, ob Satchel lesen darf.`,
    link: "Dorthin",
  },
  returning: {
    title: "Zurück vom alten Anbieter",
    sentence: "Einen Moment.",
    needsScript:
      "Der alte Anbieter hat seine Antwort in die Adresse dieser Seite geschrieben, wo nur JavaScript sie lesen kann. Erlaube JavaScript und lade die Seite neu, oder zieh mit einem Token ein.",
    withToken: "Mit einem Token einziehen",
    go: "Weiter",
  },
  move: {
    title: (address) => `Einzug von ${address}`,
    states: {
      running: "Läuft",
      paused: "Angehalten",
      cancelled: "Abgebrochen",
      done: "Fertig",
      failed: "Beendet",
    },
    progress: "Fortschritt",
    goesOn: "Du kannst diese Seite schließen. Der Umzug läuft weiter.",
    waiting: "Beginnt gleich.",
    busy: "Der alte Anbieter antwortet gerade nicht. Der Umzug geht von selbst weiter.",
    looked: (looked, found) => `${looked} von bisher ${found} gefundenen Dokumenten.`,
    paused: "Angehalten. Was kopiert ist, bleibt.",
    cancelled: "Du hast diesen Umzug abgebrochen. Was kopiert ist, bleibt.",
    reasons: {
      "sign-in-needed":
        "Der alte Anbieter gibt keinen Zugriff mehr. Melde dich dort noch einmal an; der Umzug geht weiter, wo er war.",
      "over-quota":
        "Dein Speicher hier ist voll. Schaffe Platz, oder bitte um mehr, und mach dann weiter.",
      suspended:
        "Dein Konto ist gesperrt, darum kann nichts geschrieben werden. Wende dich an den Anbieter.",
      unreachable:
        "Der alte Anbieter hat etwa einen Tag lang nicht geantwortet. Du kannst weitermachen, sobald er antwortet.",
      "not-public":
        "Der Speicher des alten Anbieters hat keine öffentliche Adresse, darum wird er nicht gelesen.",
      "too-many":
        "Der alte Anbieter listet mehr auf, als ein Konto haben darf, darum ist der Umzug beendet.",
    },
    results: {
      nothing: "Es wurde kein Dokument kopiert.",
      created: (count, formatted, bytes) =>
        `${documents(count, formatted)} ${was(count)} kopiert.${bytes === "" ? "" : ` Insgesamt ${bytes}.`}`,
      replaced: (count, formatted) => `${documents(count, formatted)} hier ${was(count)} ersetzt.`,
      both: (count, formatted) =>
        `${documents(count, formatted)} ${was(count)} neben das hiesige kopiert.`,
      equal: (count, formatted) =>
        `${documents(count, formatted)} ${is(count)} schon hier, ohne etwas Neues.`,
      kept: (count, formatted) =>
        `${documents(count, formatted)} ${was(count)} ausgelassen, weil hier ein anderes ist.`,
      failed: (count, formatted) =>
        plural("de", count, {
          one: "1 Dokument oder Ordner konnte nicht kopiert werden.",
          other: `${formatted} Dokumente oder Ordner konnten nicht kopiert werden.`,
        }),
    },
    facts: {
      from: "Von",
      conflicts: "Schon vorhandene Dokumente",
      started: "Begonnen",
      ended: "Beendet",
      pass: "Durchgang",
      bytes: "Daten",
    },
    actions: {
      pause: "Anhalten",
      resume: "Weitermachen",
      cancel: "Abbrechen",
      signIn: "Noch einmal anmelden",
    },
    again: "Holen, was sich seitdem geändert hat",
    againAbout:
      "Während du dich am neuen Ort eingewöhnst, kann sich am alten noch etwas ändern. Ein weiterer Durchgang kopiert nur das.",
    other: "Von einer anderen Adresse einziehen",
    report: {
      title: "Was ausgelassen wurde oder anders heißt",
      path: "Dokument",
      outcome: "Was geschehen ist",
      outcomes: {
        both: "Daneben kopiert",
        kept: "Ausgelassen: Hier ist ein anderes",
        failed: "Nicht kopiert",
      },
      as: (path) => `als ${path}`,
      more: (count) => `Der Bericht endet hier; es waren insgesamt ${count}.`,
    },
    failures: {
      unauthorized: "Der alte Anbieter erlaubt es nicht.",
      forbidden: "Der alte Anbieter erlaubt es nicht.",
      "not-found": "Der alte Anbieter listet es auf, hat es aber nicht.",
      unavailable: "Der alte Anbieter hat mit einem Fehler geantwortet.",
      refused: "Der alte Anbieter hat es verweigert.",
      damaged: "Es kam nicht vollständig an.",
      malformed: "Die Antwort des alten Anbieters ergibt keinen Sinn.",
      redirects: "Der alte Anbieter leitet ohne Ende weiter.",
      "not-public": "Der alte Anbieter leitet an eine Adresse weiter, die nicht öffentlich ist.",
      "too-large": "Es ist zu groß.",
      "path-too-long": "Sein Pfad ist zu lang.",
      "over-quota": "Es passte nicht in deinen Speicher.",
      clash: "Ein Ordner hier heißt genauso, oder ein Dokument wie sein Ordner.",
      "precondition-failed": "Es wurde hier immer wieder geändert.",
    },
    otherFailure: (code) => `Es konnte nicht kopiert werden (${code}).`,
  },
  moveOut: {
    title: "Ausziehen",
    about:
      "Du kannst jederzeit gehen und alles mitnehmen. Geh in dieser Reihenfolge vor, und lösche das Konto zuletzt.",
    steps: {
      archive: {
        title: "Ein Archiv speichern",
        text: "Darin ist jedes Dokument und jede Datenbank, und es gehört dir, auch wenn der neue Anbieter schließt.",
        link: "Daten exportieren",
      },
      copy: {
        title: "Den neuen Anbieter deine Dokumente kopieren lassen",
        text: "Wenn er dich einziehen lassen kann, gib dort deine Adresse ein, und erlaube ihm zu lesen:",
        token:
          "Wenn er stattdessen ein Token will, erzeuge eines, das nur lesen darf (Module zum Lesen: *), für kurze Zeit.",
        link: "Token erzeugen",
        none: "Wenn er beides nicht kann, kopiert die Kommandozeile von Satchel von jedem Anbieter zu jedem anderen.",
      },
      domain: {
        title: "Deine Domain auf den neuen Anbieter zeigen lassen",
        text: (host) =>
          `Apps finden deinen Speicher, indem sie den Host in deiner Adresse fragen. Wenn das deine eigene Domain ist, lass /.well-known/webfinger auf ${host} mit dem Eintrag des neuen Anbieters antworten, wie seine Anleitung es sagt. Dann bleibt deine Adresse dieselbe.`,
        none: "Wenn deine Adresse auf den Namen dieses Anbieters endet, nenne deinen Apps die neue Adresse: trennen, und neu verbinden.",
        link: "Deine Domains",
      },
      check: {
        title: "Nachsehen, ob alles da ist",
        text: "Öffne deine Apps mit der neuen Adresse. Lass den neuen Anbieter noch einmal holen, was sich seitdem geändert hat.",
        link: "Ansehen, was hier ist",
      },
      remove: {
        title: "Dieses Konto löschen",
        text: "Erst jetzt. Es kann nicht rückgängig gemacht werden.",
        link: "Konto löschen",
      },
    },
    yourDomain: "deiner Domain",
  },
};
