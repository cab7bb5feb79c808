/** Messages of all pages in English. */

import { plural } from "../plural";

export const en = {
  skip: "Skip to content",
  signOut: "Sign out",
  menu: "Menu",
  pages: {
    "/": "Home",
    "/apps": "Apps",
    "/files/": "Files",
    "/data": "Data",
    "/security": "Security",
    "/activity": "Activity",
    "/settings": "Settings",
    "/admin": "Administration",
  },
  homeLink: "Go to the home page",
  cancel: "Cancel",
  nextPage: "Next page",
  rateLimited: {
    title: "Too many requests",
    sentence: (seconds: number) =>
      `You’ve sent too many requests. Try again in ${plural("en", seconds, {
        one: "1 second",
        other: `${seconds} seconds`,
      })}.`,
  },
  notFound: { title: "Not found", sentence: "This page doesn’t exist." },
  payloadTooLarge: {
    title: "Form too large",
    sentence: "The form you sent is larger than this site accepts.",
  },
  crossSiteForm: {
    title: "Request blocked",
    sentence:
      "This form was sent from another site, or your browser hides where it came from. Open the page again and try once more.",
  },
  serverError: {
    title: "Something went wrong",
    sentence: (id: string) =>
      `There was an error on our side. If it happens again, send the operator of this site this ID: ${id}`,
  },
  unavailable: "Temporarily unavailable",
  readUnavailable: "This page is temporarily unavailable. Nothing was changed. Try again.",
  unknownOutcome:
    "We didn’t get an answer in time. Check whether your change was saved before you try again.",
  planLimits: {
    day: "This provider has used up its database for today. Try again after midnight UTC.",
    space: "This provider’s database is full. Only its operator can make room.",
    length: "This is more than the provider’s database can take.",
  },
  untrustedProxy:
    "Apps cannot connect over https: this server is behind a proxy and does not know its public address. If you run it, set ORIGIN or TRUST_PROXY (see docs/settings.md).",
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Press Ctrl+C",
  print: "Print",
  diff: {
    label: "Differences",
    legend: "Lines with − are only in the first text, lines with + only in the second.",
    same: "The two texts are the same.",
    tooDifferent: "The two texts differ too much to show it line by line.",
    cut: "There are more differences, which are not shown.",
    equalLines: (count: number, text: string) =>
      plural("en", count, { one: "1 equal line", other: `${text} equal lines` }),
  },
};
