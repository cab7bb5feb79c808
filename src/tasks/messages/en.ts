/** Messages of the pages about tasks, and of uploads, in English. */

import type { TaskEntry } from "../../storage/tasks/task";
import { plural } from "../../ui/plural";

const documents = (count: number, formatted: string): string =>
  plural("en", count, { one: "1 document", other: `${formatted} documents` });

const was = (count: number): string => plural("en", count, { one: "was", other: "were" });

export const en = {
  title: "Tasks",
  about: "Changes to many documents. A task goes on when you close the page.",
  none: "There are no tasks. Deleting, moving and restoring documents starts one.",
  kinds: {
    delete: "Delete documents",
    move: "Move documents",
    rename: "Rename",
    restore: "Restore deleted documents",
    "go-back": "Go back in time",
    undo: "Undo",
    free: "Delete earlier versions for good",
  },
  preview: "Preview",
  states: {
    running: "Running",
    paused: "Paused",
    cancelled: "Cancelled",
    done: "Done",
    failed: "Stopped",
  },
  facts: {
    paths: "What",
    renamed: "New name",
    target: "To",
    moment: "As it was",
    undone: "Undoes",
    state: "Status",
    started: "Started",
    ended: "Ended",
    bytes: "Data",
  },
  morePaths: (count: string) => `and ${count} more`,
  progress: "Progress",
  waiting: "Waiting to start.",
  looked: (count: number, formatted: string) => `Checked so far: ${documents(count, formatted)}.`,
  lookedOf: (looked: string, total: string) => `Checked ${looked} of ${total}.`,
  goesOn: "You can close this page. The task goes on.",
  paused: "Paused. What was done until now stays done.",
  cancelled: "You cancelled this task. What it had done stays done.",
  failed:
    "The storage didn’t answer for too long, so this task has ended. What it had done stays done.",
  undone: ["This was undone:", "see what happened", "."],
  /** What a task has done, for each kind of it; nothing of what is zero is said. */
  did: {
    nothing: "No document was changed.",
    nothingFreed: "There was nothing to delete.",
    deleted: (count: number, formatted: string) =>
      `${documents(count, formatted)} ${was(count)} deleted.`,
    moved: (count: number, formatted: string) =>
      `${documents(count, formatted)} ${was(count)} moved.`,
    restored: (count: number, formatted: string) =>
      `${documents(count, formatted)} ${was(count)} restored.`,
    reverted: (count: number, formatted: string) =>
      plural("en", count, {
        one: "1 document has its earlier content again.",
        other: `${formatted} documents have their earlier content again.`,
      }),
    freed: (count: number, formatted: string, bytes: string) =>
      plural("en", count, {
        one: `1 version was deleted for good (${bytes}).`,
        other: `${formatted} versions were deleted for good (${bytes}).`,
      }),
    conflicts: (count: number, formatted: string) =>
      plural("en", count, {
        one: "1 document was left as it is.",
        other: `${formatted} documents were left as they are.`,
      }),
    failed: (count: number, formatted: string) =>
      `${documents(count, formatted)} couldn’t be changed.`,
  },
  /** The same of a preview. */
  would: {
    nothing: "Nothing would change.",
    created: (count: number, formatted: string) =>
      `${documents(count, formatted)} would come back.`,
    replaced: (count: number, formatted: string) =>
      `${documents(count, formatted)} would get earlier content again.`,
    deleted: (count: number, formatted: string) =>
      `${documents(count, formatted)} would be deleted.`,
    freed: (count: number, formatted: string, bytes: string) =>
      plural("en", count, {
        one: `1 version would be deleted for good (${bytes}).`,
        other: `${formatted} versions would be deleted for good (${bytes}).`,
      }),
    conflicts: (count: number, formatted: string) =>
      plural("en", count, {
        one: "1 document would be left as it is.",
        other: `${formatted} documents would be left as they are.`,
      }),
    stillChanges:
      "What apps write before you start, and while it runs, is kept, and listed at the end.",
  },
  actions: {
    pause: "Pause",
    resume: "Resume",
    cancel: "Cancel",
    undo: "Undo",
    do: "Do it",
  },
  openFolder: "Open the folder",
  allTasks: "All tasks",
  log: {
    title: "Documents",
    path: "Document",
    outcome: "Result",
    size: "Size",
    all: "All",
    problems: "Not changed",
    none: "None.",
    outcomes: {
      created: "Written",
      replaced: "Replaced",
      deleted: "Deleted",
      moved: "Moved",
      conflict: "Left as it is",
      failed: "Not changed",
    } satisfies Record<TaskEntry["outcome"], string>,
    wouldBe: {
      created: "Would come back",
      replaced: "Would change",
      deleted: "Would be deleted",
      moved: "Would be moved",
      conflict: "Would be left as it is",
      failed: "Would not be changed",
    } satisfies Record<TaskEntry["outcome"], string>,
  },
  /** Why a document was not changed, by the code of the refusal. */
  reasons: {
    "precondition-failed": "It was changed meanwhile.",
    taken: "There is already a document with this name.",
    clash: "A document and a folder can’t have the same name.",
    "not-found": "This version is no longer kept.",
    "too-many-versions": "It has too many versions to find the one of that time.",
    "over-quota": "There isn’t enough free space.",
    "path-too-long": "Its new path would be too long.",
    suspended: "The account is suspended.",
    "unknown-outcome": "The storage didn’t answer: it may or may not have been changed.",
  } as Record<string, string>,
  otherReason: (code: string) => `It was refused (${code}).`,
  notFound: {
    title: "Task not found",
    sentence: "There is no such task. The latest hundred are remembered, for a month.",
  },
  tooMany: {
    title: "Too many tasks",
    sentence: "Fifty tasks are waiting. Let some of them finish, or cancel them.",
  },
  problem: "That isn’t possible",
  problems: {
    action: "Choose whether to delete, move or rename.",
    "nothing-chosen": "Choose at least one document or folder.",
    "too-many": "Choose fewer documents and folders: up to 500 at once, and only one to rename.",
    path: "One of the chosen documents has a name that is not allowed.",
    name: "That name isn’t allowed. A name has no slash, and is neither “.” nor “..”.",
    target: "That isn’t the path of a folder. Paths look like this: /photos/2026/",
    "too-long": "That path is too long.",
    "into-itself": "A folder can’t be moved into itself.",
    unchanged: "It is there already, under that name.",
  },
  back: "Go back",
  upload: {
    title: "Upload",
    files: "Choose files",
    folder: "Choose a folder",
    drop: "Or drop files and folders anywhere on this page.",
    progress: "Progress of the upload",
    cancel: "Cancel upload",
    failures: "Not uploaded",
    retry: "Try again",
    retryAll: "Try all again",
    reload: "Show the uploaded files",
    clash: {
      title: "This file exists already",
      keepBoth: "Keep both",
      replace: "Replace",
      skip: "Skip",
      forAll: "Do the same for all other files",
    },
    /** For the script; {words} in braces are replaced. */
    script: {
      reading: "Reading folders: {count} files so far",
      progress: "{done} of {count} done, {bytes} of {total}",
      waiting: "The server is busy. Going on in {seconds} s.",
      clash: "{name} is already in this folder.",
      done: { one: "1 file was uploaded.", other: "{count} files were uploaded." },
      skipped: { one: "1 file was skipped.", other: "{count} files were skipped." },
      failed: { one: "1 file was not uploaded.", other: "{count} files were not uploaded." },
      cancelled: "The upload was cancelled.",
      empty: "There was nothing to upload.",
      errors: {
        network: "The connection was lost.",
        unreadable: "The file could not be read. It may have been changed or moved.",
        "400": "The name of this file is not allowed.",
        "401": "You are signed out. Sign in again in another tab, then try again.",
        "403": "You may not upload files.",
        "409": "A folder has the same name, or a file the name of a folder above.",
        "413": "The file is larger than this provider allows.",
        "414": "The path of this file is too long.",
        "429": "Too many requests. Try again later.",
        "503": "The storage does not answer. Try again later.",
        "507": "There isn’t enough free space.",
        other: "The server has refused the file ({status}).",
      },
    },
  },
};
