/** Messages of the pages about export and import in German. */

import type { CountedText, en } from "./en";

const documents: CountedText = { one: "{count} Dokument", other: "{count} Dokumente" };

export const de: typeof en = {
  title: "Export und Import",
  about:
    "Deine Daten gehören dir: Exportiere sie vollständig und importiere sie wieder, hier oder bei jedem anderen remoteStorage-Anbieter.",
  nav: {
    "/transfer": "Übersicht",
    "/transfer/export": "Export",
    "/transfer/import": "Import",
    "/transfer/move-in": "Einziehen",
    "/transfer/move-out": "Ausziehen",
  },
  pages: {
    "/transfer/export":
      "Speichere alle deine Dokumente und Datenbanken, oder die einiger Module, in einem ZIP-Archiv.",
    "/transfer/import":
      "Bring Daten herein: aus einem Archiv, einem früheren Export, einem Backup oder irgendeinem Ordner.",
    "/transfer/move-in":
      "Lass deine Dokumente im Hintergrund von einem anderen Anbieter hierher kopieren.",
    "/transfer/move-out": "Nimm alles zu einem anderen Anbieter mit, Schritt für Schritt.",
  },
  needsScript:
    "Das braucht JavaScript. Ohne JavaScript kannst du die Kommandozeile von Satchel benutzen.",
  scripts: {
    pause: "Anhalten",
    continue: "Weiter",
    paused: "Angehalten.",
    offline: "Der Server ist nicht erreichbar. Es geht weiter, sobald er antwortet.",
    waiting: "Der Server ist ausgelastet. Es geht in {seconds} s weiter.",
    stopped: "Angehalten: {reason}",
    signedOut:
      "Du bist abgemeldet, oder der Zugriff dieser Seite wurde beendet. Melde dich in einem anderen Tab wieder an und drücke dann auf „Weiter“.",
    tooManyApps: "Du hast zu viele verbundene Apps. Trenne einige und drücke dann auf „Weiter“.",
    documents,
    databaseDocuments: {
      one: "{count} Dokument in Datenbanken",
      other: "{count} Dokumente in Datenbanken",
    },
    documentsAndDatabases: "{documents} und {databaseDocuments}",
    unknown: "etwas Unerwartetes ist schiefgegangen: {reason}",
    more: { one: "und {count} weiteres", other: "und {count} weitere" },
    reasons: {
      "bad-name": "kein Dokument kann so heißen",
      bomb: "es entpackt sich zu viel mehr, als es sollte",
      conflict: "jemand anderes ändert es gerade",
      damaged: "es ist beschädigt",
      duplicate: "mehrere Dateien heißen so",
      encrypted: "es ist verschlüsselt",
      forbidden: "der Zugriff wird verweigert",
      link: "es ist ein symbolischer Link",
      malformed: "es ist nicht zu verstehen",
      missing: "es ist aufgeführt, aber nicht da",
      overlapping: "es teilt sich Bytes mit einer anderen Datei",
      "over-quota": "der freie Speicher reicht nicht",
      "path-too-long": "sein Pfad ist zu lang",
      "too-large": "es ist größer, als dieser Anbieter erlaubt",
      "too-many": "es sind zu viele Dateien",
      unavailable: "der Server hat nicht geantwortet",
      "unknown-format": "es hat ein unbekanntes Format",
      unlisted: "das Archiv führt es nicht auf",
      empty: "es sind keine Dateien da",
      quota: "auf der Festplatte ist nicht genug Platz",
      unreachable: "der Server ist nicht erreichbar",
      incomplete: "einer seiner Anhänge ist nicht lesbar",
      unsupported: "dieser Server nimmt keine Datenbanken",
      unreadable: "die Datei ist nicht mehr lesbar",
    },
  },
  export: {
    title: "Export",
    label: "Export im Browser",
    about:
      "Dein Browser schreibt ein ZIP-Archiv deiner Dokumente und der Datenbanken von RxDB-Apps, mit Typen, Zeiten und Prüfsummen. Jedes ZIP-Programm kann es öffnen, Werkzeuge für BagIt können es prüfen, und du kannst es wieder importieren.",
    empty: "Du hast noch keine Dokumente.",
    what: "Was möchtest du exportieren?",
    everything: "Alles",
    someModules: "Nur diese Module:",
    onlyLargest: (count) => `Hier stehen nur deine ${count} größten Module.`,
    start: "Exportieren",
    continuePart: "Mit dem nächsten Teil weitermachen",
    progress: "Fortschritt des Exports",
    cancel: "Abbrechen",
    again: "Noch einmal exportieren",
    saveAgain: "Noch einmal herunterladen",
    changed: "Während des Exports geändert",
    failed: "Nicht lesbar",
    other: "Andere Arten von Export",
    withoutScript:
      "Der Server kann die Archive aller deiner Dokumente und Datenbanken auch selbst machen, ohne JavaScript.",
    download: "Alles herunterladen",
    showParts: "Teile anzeigen",
    partsAbout: (count) =>
      `Sie bestehen aus Teilen mit je bis zu ${count} Dokumenten oder Anhängen.`,
    commandLine:
      "Die Kommandozeile exportiert beliebig viele Dokumente, auch die bei anderen Anbietern.",
    script: {
      progress: "{documents} von {total}, {bytes} geschrieben.",
      part: "Teil {part}: ",
      done: "{file} ist fertig: {documents}, {bytes}.",
      ready: "Teil {part} ist fertig: {documents}, {bytes}.",
      save: "Teil {part} speichern und weitermachen",
      next: "Datei für Teil {next} wählen",
      allParts: "Alle {part} Teile sind fertig.",
      cancelled: "Der Export wurde abgebrochen. Es ist nichts Unvollständiges übrig.",
      cancelledParts:
        "Der Export wurde abgebrochen. Die Teile, die du gespeichert hast, sind vollständig.",
      failed:
        "Der Export ist fehlgeschlagen. Was geschrieben war, ist kein vollständiges Archiv und wurde verworfen ({reason}).",
      interrupted:
        "Ein Export in Teilen wurde am {date} nach Teil {part} unterbrochen. Die Teile, die du gespeichert hast, sind vollständig; du kannst mit dem nächsten weitermachen.",
      changed: {
        one: "{count} Dokument wurde inzwischen geändert oder gelöscht. Das Archiv führt es auf.",
        other:
          "{count} Dokumente wurden inzwischen geändert oder gelöscht. Das Archiv führt sie auf.",
      },
      failures: {
        one: "{count} Dokument oder Ordner war nicht lesbar und ist nicht im Archiv.",
        other: "{count} Dokumente oder Ordner waren nicht lesbar und sind nicht im Archiv.",
      },
      deleted: "gelöscht",
      newer: "neuere Version exportiert",
      noModules: "Wähle mindestens ein Modul.",
    },
  },
  import: {
    title: "Import",
    label: "Import im Browser",
    about:
      "Wähle ein Archiv, einen Export, irgendeine ZIP-Datei oder einen Ordner, etwa ein Backup von rs-backup. Dein Browser liest es und zeigt zuerst, was der Import tun würde.",
    resume:
      "Ein unterbrochener Import geht weiter, wenn du dieselben Dateien noch einmal wählst: Was schon da ist, wird nicht noch einmal gesendet.",
    files: "ZIP-Dateien wählen",
    folder: "Ordner wählen",
    progress: "Fortschritt des Imports",
    cancel: "Abbrechen",
    preview: "Was der Import tun würde",
    conflicts: {
      documents: "Wenn schon ein anderes Dokument da ist:",
      databases: "Wenn eine Datenbank einen anderen Stand eines Dokuments hat:",
    },
    keep: "Das vorhandene behalten",
    replace: "Es ersetzen",
    both: "Beide behalten: Das importierte bekommt einen anderen Namen",
    start: "Importieren",
    other: "Etwas anderes wählen",
    result: "Was importiert wurde",
    showFiles: "Deine Dateien ansehen",
    report: "Bericht herunterladen",
    script: {
      kinds: { documents: "Dokumente", databases: "Datenbanken" },
      formats: {
        archive: "Es ist ein Archiv von Satchel.",
        export: "Es ist ein Export von Satchel.",
        "rs-backup": "Es ist ein Backup von rs-backup.",
        files: "Jede Datei wird das Dokument an ihrem Pfad.",
      },
      chosen: "{name}: {format}",
      files: { one: "{count} Datei", other: "{count} Dateien" },
      reading: "{documents} verglichen, nichts ist geändert.",
      progress: "{documents} von {total}, {bytes} gesendet.",
      would: {
        new: "Neu",
        equal: "Schon da, gleich",
        kept: "Ein anderes ist da",
        refused: "Nicht importierbar",
        omitted: "Weggelassen, weil macOS oder Windows solche Dateien anlegt",
      },
      did: {
        new: "Neu",
        equal: "Schon da, gleich",
        kept: "Nicht importiert, weil ein anderes da ist",
        replaced: "Ersetzt",
        both: "Neben einem anderen importiert",
        refused: "Nicht importiert",
        omitted: "Weggelassen, weil macOS oder Windows solche Dateien anlegt",
      },
      details: "Anzeigen",
      as: "als {path}",
      nothing: "Alles ist schon da.",
      overQuota: "Es passt nicht alles hinein: {bytes} sind frei.",
      done: "Der Import ist fertig.",
      partly: "Der Import ist fertig, bis auf das, was als nicht importiert aufgeführt ist.",
      cancelled: "Der Import wurde abgebrochen. Was hier steht, ist geschehen.",
      failed:
        "Der Import hat angehalten ({reason}). Wähle dieselben Dateien noch einmal, dann geht er weiter.",
      unreadable: "Es ist nicht lesbar: {reason}",
      interrupted:
        "Der Import von {name} wurde am {date} unterbrochen. Wähle es noch einmal, dann geht er weiter.",
    },
  },
};
