/** Messages of the consent and device pages in English. */

import { plural } from "../../ui/plural";

export const en = {
  title: "Connect an app",
  wantsAccess: "wants to access your storage",
  local: "This app runs on your own computer. Continue only if you started it yourself.",
  firstTime:
    "You haven’t connected this app before. Continue only if this is the address of the app you were just using.",
  unverified: (name: string) =>
    `It calls itself “${name}”. Any program could do so; the name is not verified.`,
  program:
    "This is a program on your device. It calls itself that, but any program could do so; it is not verified. Continue only if you have just started this in that program yourself.",
  extension:
    "This is an extension of your browser. Its address does not say who made it; it is not verified. Continue only if you have just started this in an extension that you trust.",
  lookalike:
    "This address contains special characters, which can look like other letters. Continue only if you expected exactly this address. If you’re not sure, choose Deny.",
  connected: (scopes: string) =>
    `Already connected: ${scopes}. What you allow here is added to that.`,
  removeAccess: ["To remove access, go to", "Apps", "."],
  everything: "All data in your storage",
  everythingDescription: "All documents of all your apps, private and public",
  everythingWarning: "This includes the data of all your other apps. Few apps need this much.",
  moduleDescription: (module: string) => `Documents in “${module}”, private and public`,
  publicWarning: "Anyone who has the link can read what the app makes public.",
  levels: { rw: "Read and write", r: "Read only", none: "No access" },
  /** In `describeScopes`: "notes (read and write)". */
  scopeLevels: { rw: "read and write", r: "read only" },
  scopeEverything: "all data",
  narrowing:
    "If you allow less than the app asks for, it may show errors, be unable to save, or ask you to connect again; then you can allow it more.",
  expires: "Access expires",
  durations: {
    day: "After 1 day",
    month: "After 30 days",
    year: "After 1 year",
    always: "When I disconnect it",
  },
  storedIn: "Your data stays in your storage,",
  disconnectAnyTime: ["You can disconnect the app at any time under", "Apps", "."],
  allow: "Allow",
  deny: "Deny",
  allowed: "Access allowed",
  denied: "Access denied",
  returning: (app: string) => `Taking you back to ${app}. If nothing happens, use the link.`,
  openingProgram: (app: string) =>
    `Opening ${app}. Your browser may ask you first. If nothing happens, use the link; afterwards you can close this page.`,
  problems: {
    nothing: "You haven’t allowed any access. Allow at least one item, or choose Deny.",
    level: "Choose what the app may do with each item.",
    duration: "Choose when access expires.",
  },
  errorTitle: "This app can’t be connected",
  invalidRedirectUri:
    "The app sent an invalid return address. Its redirect_uri must be a single https address of " +
    "its own (http only on this computer), or for a program or browser extension an address with " +
    "its own scheme, such as com.example.app:/callback; without a fragment or a user name.",
  invalidRequest: {
    invalid_request: "The app’s request is incomplete or contradictory.",
    unauthorized_client:
      "The app asked for access in a way that is not safe for programs and browser extensions: they need the code flow with PKCE.",
    unsupported_response_type: "The app asked for a response type that isn’t supported.",
    invalid_scope: "The app asked for invalid permissions.",
  },
  appError: "This is an error in the app. Only its developers can fix it.",
  backToApp: "Back to the app",
  toApps: "Go to your apps",
  tooManyApps: {
    title: "Too many apps",
    sentence:
      "You have as many apps, devices and access tokens as an account can have. Disconnect those you no longer use, then try again.",
    link: "Go to your apps",
  },
  device: {
    title: "Connect a device",
    intro:
      "A device or program without a browser shows you a code when it asks for access to your storage. Enter the code here.",
    code: "Code",
    codeFormat: "Eight letters, such as BCDF-GHJK. Capitals and the hyphen are optional.",
    compareCode: "Continue only if your own device is showing exactly this code right now.",
    next: "Continue",
    quoted: (name: string) => `“${name}”`,
    unverified:
      "The device chose this name itself; it is not verified. Continue only if you started this on your own device. If someone sent you the code or a link to this page, choose Deny.",
    codeShown: "Your device must show this code:",
    invalidCode: "This code is invalid or has expired. Start again on your device.",
    tooManyAttempts: (seconds: number) =>
      `Too many attempts. Try again in ${seconds} ${plural("en", seconds, { one: "second", other: "seconds" })}.`,
    allowed: (name: string) =>
      `${name} will be connected in a moment. You can close this page and return to your device.`,
    denied: (name: string) => `${name} was denied access.`,
    done: "Done",
    disconnectAnyTime: ["You can disconnect the device at any time under", "Apps", "."],
  },
};
