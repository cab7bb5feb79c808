/** Messages of the pages about versions in German. */

import type { en } from "./en";

export const de: typeof en = {
  authors: {
    user: "dir, auf diesen Seiten",
    "former-app": "einer App, deren Zugriff beendet ist",
    unknown: "von wem, ist nicht bekannt",
  },
  keepsNothing: "Dieser Anbieter bewahrt weder frühere Versionen noch gelöschte Dokumente auf.",
  outsideModules: "Außerhalb von Modulen",
  versions: {
    title: "Versionen",
    about: (days, count) =>
      `Frühere Versionen werden ${days} lang aufbewahrt, nachdem sie ersetzt oder gelöscht wurden, bis zu ${count} von jedem Dokument.`,
    restored: "Wiederhergestellt, als neue Version.",
    deleted: "Dieses Dokument ist gelöscht.",
    deletedAt: (at, author) => ["Gelöscht: ", at, ", von ", author, "."],
    deletedBefore: (at) => ["Gelöscht vor: ", at, "; von wem, ist nicht bekannt."],
    uploaded: (at) => ["Hochgeladen: ", at],
    current: "Aktuell",
    by: (author) => ["von ", author],
    original: (at) => ["importiert, geändert ", at],
    select: (time) => `Die Version vom ${time} auswählen`,
    compare: "Zwei Versionen vergleichen",
    chooseTwo: "Wähle genau zwei Versionen aus, um sie zu vergleichen.",
    newest: "Zu den neuesten Versionen",
    openDocument: "Dokument öffnen",
    goBack: "Seinen Ordner in der Zeit zurücksetzen",
    free: "Frühere Versionen endgültig löschen",
    freeDeleted: "Dieses Dokument endgültig löschen",
    notFound: {
      title: "Keine Versionen",
      sentence: "Dieses Dokument gibt es nicht, und keine frühere Version davon ist aufbewahrt.",
    },
    versionGone: {
      title: "Version nicht gefunden",
      sentence: "Diese Version wird nicht mehr aufbewahrt.",
    },
    backToVersions: "Zurück zu den Versionen",
  },
  version: {
    title: "Eine Version",
    currentTitle: "Die aktuelle Version",
    written: "Geschrieben",
    uploaded: "Hochgeladen",
    uploadedAbout: "Danach wurde sie zur aktuellen Version.",
    author: "Von",
    size: "Größe",
    type: "Typ",
    unknownType: "nicht bekannt",
    content: "Inhalt",
    restore: "Diese Version wiederherstellen",
    restoreAbout:
      "Ihr Inhalt kommt als neue Version zurück. Die aktuelle Version bleibt auch aufbewahrt.",
    download: "Herunterladen",
    compareWithCurrent: "Mit der aktuellen Version vergleichen",
  },
  comparison: {
    title: "Zwei Versionen vergleichen",
    older: "Älter",
    newer: "Neuer",
    notText: "Nur Texte lassen sich vergleichen.",
    tooLarge: (bytes) => `Nur Texte bis ${bytes} lassen sich vergleichen.`,
  },
  refusals: {
    title: "Nichts wurde wiederhergestellt",
    "precondition-failed":
      "Das Dokument hat sich geändert, seit du diese Seite geöffnet hast. Nichts wurde überschrieben. Sieh dir seine Versionen noch einmal an und entscheide dann.",
    "not-found": "Diese Version wird nicht mehr aufbewahrt.",
    clash:
      "Es gibt jetzt einen Ordner mit dem Namen des Dokuments oder ein Dokument mit dem eines seiner Ordner.",
    "over-quota": "Es ist nicht genug Speicherplatz frei.",
    suspended: "Dein Konto ist gesperrt.",
    unavailable:
      "Der Speicher ist gerade nicht erreichbar. Nichts wurde geändert. Versuche es noch einmal.",
    "unknown-outcome":
      "Der Speicher hat nicht rechtzeitig geantwortet. Sieh dir die Versionen an, bevor du es noch einmal versuchst.",
  },
  bin: {
    title: "Papierkorb",
    about: (days) => `Gelöschte Dokumente lassen sich bis zu ${days} lang wiederherstellen.`,
    empty: "Der Papierkorb ist leer.",
    module: "Modul",
    lastDeletion: "Zuletzt gelöscht",
    ofModule: (module) => ["Gelöschte Dokumente: ", module],
    emptyModule: "Hier lässt sich kein gelöschtes Dokument wiederherstellen.",
    emptyPage: "Alle Dokumente dieser Seite sind wiederhergestellt.",
    wholeModule: "Ganzes Modul anzeigen",
    onlyFolder: (folder) => `Nur anzeigen, was in ${folder} gelöscht wurde`,
    deletedAt: (at, author) => ["gelöscht: ", at, ", von ", author],
    deletedBefore: (at) => ["gelöscht vor: ", at],
    select: (path) => `${path} auswählen`,
    restoreSelected: "Ausgewählte wiederherstellen",
    restoreAll: "Alle wiederherstellen",
    restoreFolder: "Ganzen Ordner wiederherstellen",
    nothingSelected: "Wähle die Dokumente aus, die du wiederherstellen willst.",
    deleteForGood: "Alle endgültig löschen",
    toNewest: "Zu den zuletzt gelöschten",
    allModules: "Alle Module",
  },
  goBack: {
    title: "In der Zeit zurückgehen",
    about: (folder) => [
      "Bringe ",
      folder,
      " auf den Stand eines früheren Moments. Zuerst siehst du, was zurückkäme, was sich ändern und was verschwinden würde; nichts wird geändert, bevor du es bestätigst. Danach kannst du es rückgängig machen.",
    ],
    everything: "alle deine Dokumente",
    quick: "Schnellauswahl",
    moments: {
      "hour-ago": "Vor einer Stunde",
      "yesterday-evening": "Gestern Abend",
      "week-ago": "Vor einer Woche",
    },
    beforeChanges: "Kurz vor einer Änderung",
    noChanges: "Hier ist noch keine Änderung verzeichnet.",
    earlierChanges: "Frühere Änderungen",
    another: "Ein anderer Moment",
    typed: "Datum und Uhrzeit",
    inUtc: "In UTC.",
    inYourZone: "In deiner Zeitzone",
    limit: (at) => ["Aufbewahrt sind Versionen seit: ", at, "."],
    preview: "Vorschau",
    problems: {
      missing: "Wähle einen Moment.",
      future: "Wähle einen Moment in der Vergangenheit.",
      "too-early":
        "Versionen aus dieser Zeit sind nicht mehr aufbewahrt. Wähle einen späteren Moment.",
    },
  },
  free: {
    title: { versions: "Frühere Versionen endgültig löschen?", deleted: "Endgültig löschen?" },
    everything: "Alle deine Dokumente",
    versions: {
      document:
        "Alle früheren Versionen dieses Dokuments werden gelöscht. Das Dokument selbst bleibt.",
      folder:
        "Die früheren Versionen aller Dokumente hier werden gelöscht. Die Dokumente selbst bleiben, und was im Papierkorb ist, bleibt dort.",
    },
    deleted: {
      document: "Dieses gelöschte Dokument und alle seine Versionen werden endgültig gelöscht.",
      folder: "Alle gelöschten Dokumente hier und alle ihre Versionen werden endgültig gelöscht.",
    },
    warning:
      "Das lässt sich nicht rückgängig machen. In die Zeit davor kannst du dann nicht mehr zurückgehen. Versionen der letzten Minuten bleiben vielleicht noch etwas, weil ein Upload sie noch brauchen könnte.",
    submit: { versions: "Frühere Versionen löschen", deleted: "Endgültig löschen" },
    notFound: {
      title: "Nichts ausgewählt",
      sentence: "Wähle ein Dokument, ein Modul oder alles aus.",
    },
  },
  settings: {
    title: "Frühere Versionen und Papierkorb",
    kept: (days, count) =>
      `Ersetzte Versionen und gelöschte Dokumente werden ${days} lang aufbewahrt, bis zu ${count} Versionen von jedem Dokument. Sie zählen nicht zu deinem Speicherplatz.`,
    shortened: (days) =>
      `Sie brauchen mehr Platz, als dir zusteht. Darum werden sie jetzt nur ${days} lang aufbewahrt, bis sie weniger brauchen.`,
    size: (bytes, at) => ["Sie brauchten ", bytes, ", zuletzt gezählt: ", at, "."],
    sizeUnknown:
      "Wie viel Platz sie brauchen, wird einmal am Tag gezählt; noch ist es nicht bekannt.",
    bin: "Papierkorb öffnen",
    goBack: "In der Zeit zurückgehen",
    free: "Frühere Versionen löschen…",
    freeBin: "Papierkorb leeren…",
    freeOf: "Frühere Versionen von",
    everything: "allem",
    links: "Jedes Dokument auf der Seite „Dateien“ hat eine Liste seiner Versionen.",
  },
};
