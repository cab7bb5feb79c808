/** Messages of the pages about files in German. */

import { plural } from "../../ui/plural";
import type { en } from "./en";

const documents = (count: number, formatted: string): string =>
  plural("de", count, { one: "1 Dokument", other: `${formatted} Dokumente` });

export const de: typeof en = {
  title: "Dateien",
  breadcrumbs: "Übergeordnete Ordner",
  folder: {
    about: "Alles, was deine Apps in deinem Speicher ablegen: ein Ordner für jede Art von Daten.",
    public: "Wer die Adresse eines Dokuments in diesem Ordner kennt, kann es lesen.",
    totals: (count, formatted, bytes) => `${documents(count, formatted)}, ${bytes}.`,
    empty: "Dieser Ordner ist leer.",
    emptyRoot: "Hier ist noch nichts. Apps, die du verbindest, legen ihre Dokumente hier ab.",
    items: "Einträge",
    updated: "Die Einträge wurden aktualisiert.",
    select: "Auswählen",
    selectItem: (name) => `${name} auswählen`,
    name: "Name",
    size: "Größe",
    modified: "Geändert",
    inDocuments: (count, formatted) =>
      plural("de", count, { one: "in 1 Dokument", other: `in ${formatted} Dokumenten` }),
    tooManyToSort: (count) =>
      `Dieser Ordner hat mehr als ${count} Einträge. Er kann nur nach Namen sortiert werden.`,
    firstPage: "Erste Seite",
    selected: "Mit den ausgewählten Einträgen:",
    moveTo: "In Ordner verschieben",
    move: "Verschieben",
    download: "Herunterladen",
    delete: "Löschen",
    more: "Dieser Ordner",
    downloadAll: "Ordner herunterladen",
    goBack: "In der Zeit zurückgehen",
    bin: "Papierkorb",
    tasks: "Aufgaben",
  },
  search: {
    label: "Namen suchen",
    submit: "Suchen",
    title: (text) => `Namen mit „${text}“`,
    looked: (looked, all) => `${looked} von ${all} Dokumenten geprüft.`,
    found: (count, formatted) =>
      plural("de", count, {
        one: "1 Treffer auf dieser Seite.",
        other: `${formatted} Treffer auf dieser Seite.`,
      }),
    none: "Bisher kein Treffer.",
    noneAtAll: "Kein Treffer.",
    goOn: "Weitersuchen",
    back: "Zurück zum Ordner",
  },
  document: {
    type: "Typ",
    size: "Größe",
    modified: "Geändert",
    originalTime: "Vor dem Import geändert",
    publicAddress: "Öffentliche Adresse",
    download: "Herunterladen",
    edit: "Bearbeiten",
    versions: "Frühere Versionen",
    content: "Inhalt",
    showAsText: "Als Text zeigen",
    showFormatted: "Formatiert zeigen",
    saved: "Gespeichert.",
    rename: "Umbenennen",
    newName: "Neuer Name",
    moveTo: "In Ordner verschieben",
    move: "Verschieben",
    change: "Umbenennen, verschieben, löschen",
    delete: "Löschen",
    notFound: {
      title: "Dokument nicht gefunden",
      sentence:
        "Unter diesem Pfad gibt es kein Dokument. Vielleicht wurde es gelöscht oder verschoben.",
    },
    lookForVersions: "Frühere Versionen suchen",
  },
  content: {
    empty: "Dieses Dokument ist leer.",
    cut: (shown, all) =>
      `Nur die ersten ${shown} von ${all} werden gezeigt. Lade das Dokument herunter, um alles zu sehen.`,
    tableCut:
      "Nur ein Teil dieser Tabelle wird gezeigt. Lade das Dokument herunter, um alles zu sehen.",
    jsonCut:
      "Nur ein Teil der Daten wird gezeigt. Lass sie dir als Text zeigen, oder lade das Dokument herunter.",
    objectItems: (count, formatted) =>
      plural("de", count, { one: "1 Eigenschaft", other: `${formatted} Eigenschaften` }),
    arrayItems: (count, formatted) =>
      plural("de", count, { one: "1 Element", other: `${formatted} Elemente` }),
    other: (type) =>
      `Dokumente vom Typ ${type} können hier nicht gezeigt werden. Lade es herunter, um es zu öffnen.`,
    noType: "Dieses Dokument kann hier nicht gezeigt werden. Lade es herunter, um es zu öffnen.",
  },
  edit: {
    title: (name) => `${name} bearbeiten`,
    text: "Text",
    save: "Speichern",
    saveMine: "Stattdessen meinen Text speichern",
    notEditable:
      "Dieses Dokument kann hier nicht bearbeitet werden: Es ist zu lang, es ist kein reiner Text, oder seine Zeilen enden nicht alle gleich. Lade es herunter und bearbeite es mit einem Programm.",
    invalidJson: (message) =>
      `Das ist kein gültiges JSON und wurde deshalb nicht gespeichert: ${message}`,
    conflict: "Dieses Dokument wurde inzwischen geändert. Es wurde nichts überschrieben.",
    conflictAbout:
      "Unten siehst du, wie sich das Dokument, wie es jetzt ist, und dein Text unterscheiden. Übernimm, was du brauchst, und speichere noch einmal.",
    conflictNotShown:
      "Das Dokument ist kein Text mehr, der hier gezeigt werden kann. Wenn du noch einmal speicherst, ersetzt dein Text es.",
    deleted:
      "Dieses Dokument wurde inzwischen gelöscht. Es wurde nichts gespeichert. Wenn du noch einmal speicherst, entsteht es mit deinem Text neu.",
    current: "Das Dokument, wie es jetzt ist",
    mine: "Dein Text",
    difference: "Unterschied",
    discard: "Meinen Text verwerfen",
    signedOut:
      "Du bist nicht mehr angemeldet. Der Text wurde nicht gespeichert, aber er ist noch da: Melde dich in einem anderen Tab an und speichere ihn dann hier.",
    signIn: "Anmelden (öffnet einen neuen Tab)",
    refusals: {
      "over-quota": "Dein Speicher ist voll. Der Text wurde nicht gespeichert.",
      "too-large": "Der Text ist länger, als dieser Anbieter erlaubt. Er wurde nicht gespeichert.",
      clash: "Es gibt jetzt einen Ordner mit diesem Namen. Der Text wurde nicht gespeichert.",
      suspended: "Dein Konto ist gesperrt. Der Text wurde nicht gespeichert.",
      unavailable:
        "Der Speicher ist vorübergehend nicht verfügbar. Es wurde nichts gespeichert. Versuche es noch einmal.",
      "unknown-outcome":
        "Wir haben nicht rechtzeitig eine Antwort bekommen. Vielleicht wurde der Text gespeichert, vielleicht nicht. Versuche es noch einmal: Ohne Nachfrage wird nichts überschrieben.",
      other: "Der Text konnte nicht gespeichert werden.",
    },
  },
  archive: {
    title: "In Teilen herunterladen",
    inParts: (count) =>
      `Dieser Ordner ist zu groß für ein einziges Archiv. Jeder Teil hat höchstens ${count} Dokumente.`,
    part: (number) => `Teil ${number}`,
    download: (number) => `Teil ${number} herunterladen`,
    moreParts: "Weitere Teile",
    back: "Zurück zum Ordner",
    changed: {
      title: "Der Ordner hat sich geändert",
      sentence: "Dieser Teil hat inzwischen zu viele Dokumente. Lass dir die Teile neu anzeigen.",
    },
    listAgain: "Teile neu anzeigen",
    tooMany: {
      title: "Zu viele Dokumente",
      sentence: (count) =>
        `Ein Archiv kann höchstens ${count} Dokumente haben. Wähle weniger aus, oder lade einen Ordner für sich herunter: Er kommt in Teilen.`,
    },
    nothing: {
      title: "Nichts ausgewählt",
      sentence: "Wähle die Dokumente und Ordner aus, die du herunterladen möchtest.",
    },
  },
};
