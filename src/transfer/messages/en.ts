/** Messages of the pages about export and import in English. */

/** A sentence with a number, as scripts fill it in. */
export interface CountedText {
  one: string;
  other: string;
}

const documents: CountedText = { one: "{count} document", other: "{count} documents" };

export const en = {
  title: "Export and import",
  about:
    "Your data is yours: export all of it, and import it again, here or with any other remoteStorage provider.",
  nav: {
    "/transfer": "Overview",
    "/transfer/export": "Export",
    "/transfer/import": "Import",
    "/transfer/move-in": "Move in",
    "/transfer/move-out": "Move out",
  },
  pages: {
    "/transfer/export":
      "Save all your documents and databases, or those of some modules, in one ZIP archive.",
    "/transfer/import":
      "Bring data in: from an archive, from an earlier export, from a backup, or from any folder.",
    "/transfer/move-in":
      "Have your documents copied here from another provider, in the background.",
    "/transfer/move-out": "Take everything to another provider, step by step.",
  },
  needsScript: "This needs JavaScript. Without it you can use the command line of Satchel.",
  scripts: {
    pause: "Pause",
    continue: "Continue",
    paused: "Paused.",
    offline: "The server can’t be reached. This goes on as soon as it answers.",
    waiting: "The server is busy. This goes on in {seconds} s.",
    stopped: "Stopped: {reason}",
    signedOut:
      "You are signed out, or the access of this page was ended. Sign in again in another tab, then press Continue.",
    tooManyApps: "You have too many connected apps. Disconnect some of them, then press Continue.",
    documents,
    databaseDocuments: {
      one: "{count} document in databases",
      other: "{count} documents in databases",
    },
    documentsAndDatabases: "{documents} and {databaseDocuments}",
    unknown: "something unexpected went wrong: {reason}",
    more: { one: "and {count} more", other: "and {count} more" },
    reasons: {
      "bad-name": "no document can have this name",
      bomb: "it unpacks to far more than it should",
      conflict: "it is being changed by somebody else",
      damaged: "it is damaged",
      duplicate: "several files have this name",
      encrypted: "it is encrypted",
      forbidden: "access is refused",
      link: "it is a symbolic link",
      malformed: "it can’t be understood",
      missing: "it is listed, but not there",
      overlapping: "it shares bytes with another file",
      "over-quota": "there is not enough free space",
      "path-too-long": "its path is too long",
      "too-large": "it is larger than this provider allows",
      "too-many": "there are too many files",
      unavailable: "the server did not answer",
      "unknown-format": "it has an unknown format",
      unlisted: "the archive does not list it",
      empty: "there are no files",
      quota: "there is not enough space on the disk",
      unreachable: "the server can’t be reached",
      incomplete: "one of its attachments can’t be read",
      unsupported: "this server takes no databases",
      unreadable: "the file can’t be read any more",
    },
  },
  export: {
    title: "Export",
    label: "Export in the browser",
    about:
      "Your browser writes a ZIP archive of your documents and of the databases of RxDB apps, with types, times and checksums. You can open it with any ZIP program, check it with tools for BagIt, and import it again.",
    empty: "You have no documents yet.",
    what: "What do you want to export?",
    everything: "Everything",
    someModules: "Only these modules:",
    onlyLargest: (count: string) => `Only your ${count} largest modules are listed here.`,
    start: "Export",
    continuePart: "Continue with the next part",
    progress: "Progress of the export",
    cancel: "Cancel",
    again: "Export again",
    saveAgain: "Download again",
    changed: "Changed during the export",
    failed: "Could not be read",
    other: "Other kinds of export",
    withoutScript:
      "The server can also make the archives of all your documents and databases itself, without JavaScript.",
    download: "Download everything",
    showParts: "Show parts",
    partsAbout: (count: string) =>
      `They come in parts of up to ${count} documents or attachments each.`,
    commandLine:
      "The command line exports any number of documents, and those of other providers too.",
    script: {
      progress: "{documents} of {total}, {bytes} written.",
      part: "Part {part}: ",
      done: "{file} is complete: {documents}, {bytes}.",
      ready: "Part {part} is complete: {documents}, {bytes}.",
      save: "Save part {part} and continue",
      next: "Choose a file for part {next}",
      allParts: "All {part} parts are complete.",
      cancelled: "The export was cancelled. Nothing incomplete is left.",
      cancelledParts: "The export was cancelled. The parts that you saved are complete.",
      failed:
        "The export failed ({reason}). What was written was not a complete archive, and was discarded.",
      interrupted:
        "An export in parts was interrupted after part {part}, on {date}. The parts that you saved are complete; you can go on with the next one.",
      changed: {
        one: "{count} document was changed or deleted meanwhile. The archive lists it.",
        other: "{count} documents were changed or deleted meanwhile. The archive lists them.",
      },
      failures: {
        one: "{count} document or folder could not be read, and is not in the archive.",
        other: "{count} documents or folders could not be read, and are not in the archive.",
      },
      deleted: "deleted",
      newer: "newer version exported",
      noModules: "Choose at least one module.",
    },
  },
  import: {
    title: "Import",
    label: "Import in the browser",
    about:
      "Choose an archive, an export, any ZIP file, or a folder, such as a backup made by rs-backup. Your browser reads it, and first shows what the import would do.",
    resume:
      "An interrupted import goes on when you choose the same files again: what is there already is not sent again.",
    files: "Choose ZIP files",
    folder: "Choose a folder",
    progress: "Progress of the import",
    cancel: "Cancel",
    preview: "What the import would do",
    conflicts: {
      documents: "If another document is already there:",
      databases: "If a database has another revision of a document:",
    },
    keep: "Keep the one that is there",
    replace: "Replace it",
    both: "Keep both: the imported one gets another name",
    start: "Import",
    other: "Choose something else",
    result: "What was imported",
    showFiles: "Show your files",
    report: "Download the report",
    script: {
      kinds: { documents: "Documents", databases: "Databases" },
      formats: {
        archive: "It is an archive of Satchel.",
        export: "It is an export of Satchel.",
        "rs-backup": "It is a backup made by rs-backup.",
        files: "Each file becomes the document at its path.",
      },
      chosen: "{name}: {format}",
      files: { one: "{count} file", other: "{count} files" },
      reading: "{documents} compared, nothing is changed.",
      progress: "{documents} of {total}, {bytes} sent.",
      would: {
        new: "New",
        equal: "There already, equal",
        kept: "Another is there",
        refused: "Can’t be imported",
        omitted: "Left out, as macOS or Windows adds such files",
      },
      did: {
        new: "New",
        equal: "There already, equal",
        kept: "Not imported, because another is there",
        replaced: "Replaced",
        both: "Imported next to the one that is there",
        refused: "Not imported",
        omitted: "Left out, as macOS or Windows adds such files",
      },
      details: "Show them",
      as: "as {path}",
      nothing: "Everything is there already.",
      overQuota: "Not everything fits: {bytes} are free.",
      done: "The import is complete.",
      partly: "The import is complete, except for what is listed as not imported.",
      cancelled: "The import was cancelled. What is listed here was done.",
      failed: "The import has stopped ({reason}). Choose the same files again to go on.",
      unreadable: "It can’t be read: {reason}",
      interrupted: "The import of {name} of {date} was interrupted. Choose it again to go on.",
    },
  },
};
