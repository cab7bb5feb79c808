/** Messages of the pages about moving in and out in English. */

import type { StopReason } from "../../copying/move-in";
import { plural } from "../../ui/plural";

const documents = (count: number, formatted: string): string =>
  plural("en", count, { one: "1 document", other: `${formatted} documents` });

const were = (count: number): string => plural("en", count, { one: "was", other: "were" });

const reasons: Record<StopReason, string> = {
  "sign-in-needed":
    "The old provider no longer gives access. Sign in there again; the move goes on where it was.",
  "over-quota": "Your storage here is full. Make room, or ask for a larger quota, then go on.",
  suspended: "Your account is suspended, so nothing can be written. Contact the provider.",
  unreachable: "The old provider hasn’t answered for about a day. You can go on once it answers.",
  "not-public": "The old provider’s storage is at an address that isn’t public, so it isn’t read.",
  "too-many": "The old provider lists more than any account may have, so the move has ended.",
};

/** Why a document or folder could not be copied; others are shown by their code. */
const failures: Record<string, string> = {
  unauthorized: "The old provider doesn’t allow it.",
  forbidden: "The old provider doesn’t allow it.",
  "not-found": "The old provider lists it, but doesn’t have it.",
  unavailable: "The old provider answered with an error.",
  refused: "The old provider refused it.",
  damaged: "It didn’t arrive complete.",
  malformed: "The old provider’s answer makes no sense.",
  redirects: "The old provider redirects without end.",
  "not-public": "The old provider redirects to an address that isn’t public.",
  "too-large": "It is too large.",
  "path-too-long": "Its path is too long.",
  "over-quota": "It didn’t fit into your storage.",
  clash: "A folder here has its name, or a document has that of its folder.",
  "precondition-failed": "It was changed here again and again.",
};

export const en = {
  moveIn: {
    title: "Move in",
    about:
      "Bring your documents from another remoteStorage provider. They are copied in the background: you can close this page. Nothing is changed over there.",
    address: "Your address at the old provider",
    addressRule: "For example alice@storage.example",
    conflicts: "If another document is here already",
    conflictChoices: {
      keep: "Keep the one that is here",
      replace: "Replace it; its earlier version is kept for a while",
      both: "Keep both",
    },
    tokenTitle: "I have a token",
    token: "Token with read access",
    tokenRule:
      "Leave it empty to sign in at the old provider. A token is only needed if the provider has no page for that.",
    submit: "Continue",
    promise:
      "You are sent to the old provider, which asks whether Satchel may read your documents. Its token is kept encrypted until the move has ended, for a week at most.",
    databases: "Databases of RxDB apps are not copied: take them along with an export.",
    problems: {
      malformed: "Type an address such as alice@storage.example.",
      "own-host": "That is an address of this provider. Type the one at your old provider.",
      "not-found": "There is no remoteStorage at this address. Check how it is spelled.",
      insecure: "The old provider can’t be reached over https, so nothing is read from it.",
      "not-public":
        "The old provider is at an address that isn’t public, so nothing is read from it.",
      unreachable: "The old provider doesn’t answer. Try again later.",
      "no-dialog":
        "The old provider has no page that gives access. Create a token there, and type it below.",
      "bad-token": "This is not a token.",
      busy: "Another move has not ended yet. Cancel it first.",
      "bad-state": "This sign-in is no longer valid. Begin again.",
      denied: "The old provider gave no access. You can try again.",
    },
  },
  leaving: {
    title: "On to the old provider",
    sentence: (host: string) =>
      `You are being sent to ${host}, which asks whether Satchel may read.`,
    link: "Go there",
  },
  returning: {
    title: "Back from the old provider",
    sentence: "One moment.",
    needsScript:
      "The old provider has put its answer into the address of this page, where only JavaScript can read it. Allow JavaScript and reload the page, or move in with a token instead.",
    withToken: "Move in with a token",
    go: "Continue",
  },
  move: {
    title: (address: string) => `Moving in from ${address}`,
    states: {
      running: "Running",
      paused: "Paused",
      cancelled: "Cancelled",
      done: "Done",
      failed: "Stopped",
    },
    progress: "Progress",
    goesOn: "You can close this page. The move goes on.",
    waiting: "Waiting to start.",
    busy: "The old provider doesn’t answer at the moment. The move goes on by itself.",
    looked: (looked: string, found: string) => `${looked} of ${found} documents found so far.`,
    paused: "Paused. What was copied stays.",
    cancelled: "You cancelled this move. What was copied stays.",
    reasons,
    results: {
      nothing: "No document was copied.",
      created: (count: number, formatted: string, bytes: string) =>
        `${documents(count, formatted)} ${were(count)} copied.${bytes === "" ? "" : ` ${bytes} in all.`}`,
      replaced: (count: number, formatted: string) =>
        `${documents(count, formatted)} here ${were(count)} replaced.`,
      both: (count: number, formatted: string) =>
        `${documents(count, formatted)} ${were(count)} copied beside the one that is here.`,
      equal: (count: number, formatted: string) =>
        `${documents(count, formatted)} ${were(count)} here already, with nothing new.`,
      kept: (count: number, formatted: string) =>
        `${documents(count, formatted)} ${were(count)} left out, because another one is here.`,
      failed: (count: number, formatted: string) =>
        plural("en", count, {
          one: "1 document or folder could not be copied.",
          other: `${formatted} documents or folders could not be copied.`,
        }),
    },
    facts: {
      from: "From",
      conflicts: "Documents already here",
      started: "Started",
      ended: "Ended",
      pass: "Pass",
      bytes: "Data",
    },
    actions: { pause: "Pause", resume: "Go on", cancel: "Cancel", signIn: "Sign in again" },
    again: "Copy what has changed since",
    againAbout:
      "While you get used to the new provider, documents may still change at the old one. Another pass copies only those.",
    other: "Move in from another address",
    report: {
      title: "What was left out, or got another name",
      path: "Document",
      outcome: "What happened",
      outcomes: {
        both: "Copied beside",
        kept: "Left out: another one is here",
        failed: "Not copied",
      },
      as: (path: string) => `as ${path}`,
      more: (count: string) => `The report ends here; there were ${count} in all.`,
    },
    failures,
    otherFailure: (code: string) => `It could not be copied (${code}).`,
  },
  moveOut: {
    title: "Move out",
    about:
      "You can leave at any time and take everything along. Do it in this order, and delete the account last.",
    steps: {
      archive: {
        title: "Save an archive",
        text: "It holds every document and database, and it is yours even if the new provider closes.",
        link: "Export your data",
      },
      copy: {
        title: "Let the new provider copy your documents",
        text: "If it can move you in, type your address there and allow it to read:",
        token:
          "If it asks for a token instead, create one that may only read (modules to read: *), for a short time.",
        link: "Create a token",
        none: "If it can do neither, the command line of Satchel copies from any provider to any other.",
      },
      domain: {
        title: "Point your domain to the new provider",
        text: (host: string) =>
          `Apps find your storage by asking the host in your address. If that is your own domain, let /.well-known/webfinger on ${host} answer with the new provider’s record, as its instructions say. Then your address stays the same.`,
        none: "If your address ends with this provider’s name, tell your apps the new address: disconnect, and connect again.",
        link: "Your domains",
      },
      check: {
        title: "Check that everything is there",
        text: "Open your apps with the new address. Once more, let the new provider fetch what has changed since.",
        link: "See what is here",
      },
      remove: {
        title: "Delete this account",
        text: "Only now. It can’t be undone.",
        link: "Delete account",
      },
    },
    yourDomain: "your domain",
  },
};
