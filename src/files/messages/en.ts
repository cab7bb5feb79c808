/** Messages of the pages about files in English. */

import { plural } from "../../ui/plural";

const documents = (count: number, formatted: string): string =>
  plural("en", count, { one: "1 document", other: `${formatted} documents` });

export const en = {
  title: "Files",
  breadcrumbs: "Folders above",
  folder: {
    about: "Everything that your apps keep in your storage: one folder for each kind of data.",
    public: "Anyone who knows the address of a document in this folder can read it.",
    totals: (count: number, formatted: string, bytes: string) =>
      `${documents(count, formatted)}, ${bytes}.`,
    empty: "This folder is empty.",
    emptyRoot: "Nothing here yet. Apps that you connect keep their documents here.",
    items: "Items",
    updated: "The items were updated.",
    select: "Select",
    selectItem: (name: string) => `Select ${name}`,
    name: "Name",
    size: "Size",
    modified: "Modified",
    inDocuments: (count: number, formatted: string) => `in ${documents(count, formatted)}`,
    tooManyToSort: (count: string) =>
      `This folder has more than ${count} items. It can only be shown in the order of names.`,
    firstPage: "First page",
    selected: "With the selected items:",
    moveTo: "Move to folder",
    move: "Move",
    download: "Download",
    delete: "Delete",
    more: "This folder",
    downloadAll: "Download folder",
    goBack: "Go back in time",
    bin: "Bin",
    tasks: "Tasks",
  },
  search: {
    label: "Search for names",
    submit: "Search",
    title: (text: string) => `Names with “${text}”`,
    looked: (looked: string, all: string) => `${looked} of ${all} documents checked.`,
    found: (count: number, formatted: string) =>
      plural("en", count, {
        one: "1 match on this page.",
        other: `${formatted} matches on this page.`,
      }),
    none: "No match so far.",
    noneAtAll: "No match.",
    goOn: "Search on",
    back: "Back to the folder",
  },
  document: {
    type: "Type",
    size: "Size",
    modified: "Modified",
    originalTime: "Modified before the import",
    publicAddress: "Public address",
    download: "Download",
    edit: "Edit",
    versions: "Earlier versions",
    content: "Content",
    showAsText: "Show as text",
    showFormatted: "Show formatted",
    saved: "Saved.",
    rename: "Rename",
    newName: "New name",
    moveTo: "Move to folder",
    move: "Move",
    change: "Rename, move, delete",
    delete: "Delete",
    notFound: {
      title: "Document not found",
      sentence: "There is no document with this path. It may have been deleted or moved.",
    },
    lookForVersions: "Look for earlier versions",
  },
  content: {
    empty: "This document is empty.",
    cut: (shown: string, all: string) =>
      `Only the first ${shown} of ${all} are shown. Download the document to see all of it.`,
    tableCut: "Only a part of this table is shown. Download the document to see all of it.",
    jsonCut: "Only a part of the data is shown. Show it as text, or download the document.",
    objectItems: (count: number, formatted: string) =>
      plural("en", count, { one: "1 property", other: `${formatted} properties` }),
    arrayItems: (count: number, formatted: string) =>
      plural("en", count, { one: "1 item", other: `${formatted} items` }),
    other: (type: string) =>
      `Documents of the type ${type} cannot be shown here. Download it to open it.`,
    noType: "This document cannot be shown here. Download it to open it.",
  },
  edit: {
    title: (name: string) => `Edit ${name}`,
    text: "Text",
    save: "Save",
    saveMine: "Save my text instead",
    notEditable:
      "This document cannot be edited here: it is too long, it is not plain text, or its lines do not all end alike. Download it, and edit it with a program.",
    invalidJson: (message: string) => `This is not valid JSON, so it was not saved: ${message}`,
    conflict: "This document was changed meanwhile. Nothing was overwritten.",
    conflictAbout:
      "Below is the difference between the document as it is now and your text. Take over what you need, and save again.",
    conflictNotShown:
      "The document is no longer a text that can be shown here. Saving again replaces it with your text.",
    deleted:
      "This document was deleted meanwhile. Nothing was saved. Saving again creates it anew with your text.",
    current: "The document as it is now",
    mine: "Your text",
    difference: "Difference",
    discard: "Discard my text",
    signedOut:
      "You are no longer signed in, so the text was not saved. It is still here: sign in in another tab, then save it here.",
    signIn: "Sign in (opens a new tab)",
    refusals: {
      "over-quota": "Your storage is full, so the text was not saved.",
      "too-large": "The text is longer than this provider allows, so it was not saved.",
      clash: "There is a folder with this name now, so the text was not saved.",
      suspended: "Your account is suspended, so the text was not saved.",
      unavailable: "The storage is temporarily unavailable. Nothing was saved. Try again.",
      "unknown-outcome":
        "We didn’t get an answer in time. The text may or may not have been saved. Try again: nothing is overwritten without asking.",
      other: "The text could not be saved.",
    },
  },
  archive: {
    title: "Download in parts",
    inParts: (count: string) =>
      `This folder is too large for one archive. Each part has at most ${count} documents.`,
    part: (number: string) => `Part ${number}`,
    download: (number: string) => `Download part ${number}`,
    moreParts: "More parts",
    back: "Back to the folder",
    changed: {
      title: "The folder has changed",
      sentence: "This part has too many documents by now. List the parts again.",
    },
    listAgain: "List the parts again",
    tooMany: {
      title: "Too many documents",
      sentence: (count: string) =>
        `One archive can have at most ${count} documents. Select fewer, or download a folder by itself: it comes in parts.`,
    },
    nothing: {
      title: "Nothing selected",
      sentence: "Select the documents and folders that you want to download.",
    },
  },
};
