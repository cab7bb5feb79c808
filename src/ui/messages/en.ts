/** Shared messages in English. */

export const en = {
  skip: "Skip to content",
  signOut: "Sign out",
  menu: "Menu",
  pages: {
    "/": "Home",
    "/apps": "Apps",
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
      `You have sent too many requests. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
  },
  notFound: { title: "Not found", sentence: "This page does not exist." },
  payloadTooLarge: {
    title: "Form too large",
    sentence: "The form you sent is larger than this site accepts.",
  },
  crossSiteForm: {
    title: "Request blocked",
    sentence: "This form was sent from another site.",
  },
  serverError: {
    title: "Something went wrong",
    sentence: (id: string) =>
      `There was an error on our side. If it happens again, give the provider this ID: ${id}`,
  },
  unavailable: "Temporarily unavailable",
  readUnavailable: "This page is temporarily unavailable. Nothing was changed. Try again.",
  unknownOutcome:
    "We did not get an answer in time. Check whether your change was saved before you try again.",
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Press Ctrl+C",
  print: "Print",
};
