/** Messages of the pages about connected apps and personal access tokens in English. */

import type { Child } from "hono/jsx";
import { OAUTH_MESSAGES } from "../../oauth/messages";
import { plural } from "../../ui/plural";

export const en = {
  title: "Connected apps",
  about: "Apps with access to your storage, and how they use it.",
  none: "No apps are connected yet.",
  noneNext: ["Open an app and enter your address there, or choose an app on the", "home page", "."],
  connectDevice: "Connect a device",
  connectDeviceAbout: "For a device that shows you a code",
  createToken: "Create a token",
  createTokenAbout: "For scripts and other programs without a browser",
  disconnectAll: "Disconnect all",
  manage: "Manage",
  manageLabel: (name: string) => `Manage ${name}`,
  disconnect: "Disconnect",
  disconnectLabel: (name: string) => `Disconnect ${name}`,
  open: "Open with your address",
  flows: {
    implicit: "Browser app",
    code: "App that can renew its access",
    token: "Token that you created",
    device: "Device that you connected with a code",
  },
  /** Of apps that are not sites. */
  kinds: {
    web: null,
    loopback: "runs on your own computer",
    program: "program on your device, not verified",
    extension: "browser extension, not verified",
  },
  unverifiedName: (name: string) => `calls itself “${name}”`,
  connectedAt: (since: Child, end: Child | null): Child[] => [
    "Connected ",
    since,
    ...(end === null ? [" · Access until you disconnect it"] : [" · Access expires ", end]),
  ],
  noEnd: "When you disconnect it",
  lastUsed: (time: Child): Child[] => ["Last used ", time],
  neverUsed: "Not used yet",
  unused: (count: number) =>
    plural("en", count, {
      one: "1 app hasn’t been used for a year.",
      other: `${count} apps haven’t been used for a year.`,
    }),
  reviewUnused: "Review and disconnect",
  requests: (count: number, formatted: string) =>
    plural("en", count, { one: "1 request", other: `${formatted} requests` }),
  used: (requests: string, bytes: string) => `${requests} and ${bytes} in the last 30 days`,
  busiest: (day: string, requests: string) => `busiest day ${day}, with ${requests}`,
  legend: "Bars going up: requests per day. Bars going down: data per day.",
  facts: {
    permissions: "Permissions",
    type: "Type",
    since: "Connected",
    end: "Access expires",
    lastUsed: "Last used",
    usage: "Usage",
  },
  change: "Change permissions",
  changeAbout:
    "You can only reduce access here. The change applies immediately, on all devices. An app that wants to write but may only read can’t save anything, and may show an error. To give it more access, choose “Reconnect” in the app, or disconnect it there and connect it again.",
  moreModules:
    "These are the first 64 modules. The others keep their access; they appear here when you have reduced the access to these.",
  end: "Access expires",
  ends: {
    keep: (day: string | null) => `No change (${day ?? "when you disconnect it"})`,
    day: "After 1 day",
    month: "After 30 days",
    year: "After 1 year",
  },
  save: "Save",
  done: {
    changed: "Saved. The change applies immediately.",
    disconnected: "Disconnected. It no longer has access.",
  },
  problems: {
    level: OAUTH_MESSAGES.en.problems.level,
    end: "Choose when the app’s access expires.",
    changed: "This was changed elsewhere in the meantime. Check it and try again.",
  },
  notConnected: { title: "App not found", sentence: "This app isn’t connected." },
  backToApps: "Back to your apps",
  confirmDisconnect: {
    title: (name: string) => `Disconnect ${name}?`,
    text: "It loses access immediately, on all devices. Your data stays in your storage.",
    button: "Disconnect",
  },
  confirmDisconnectUnused: {
    title: "Disconnect unused apps?",
    text: "These haven’t been used for a year. The selected ones lose access immediately, on all devices. Your data stays in your storage.",
    button: "Disconnect selected",
  },
  confirmDisconnectAll: {
    title: "Disconnect everything?",
    text: "All apps, devices and tokens lose access immediately. Your data stays in your storage.",
    button: "Disconnect everything",
  },
  tokens: {
    title: "Create a token",
    about:
      "A token gives a program without a browser, such as a script or a backup, access to part of your storage. Anyone who has the token has that access.",
    name: "Name",
    nameRule: "Helps you recognize it later, for example “Backup on my laptop”.",
    write: "Modules to read and write",
    read: "Modules to read only",
    modulesRule:
      "For example: notes, photos. Use * for everything, including the data of all your apps; few programs need this much.",
    duration: "Expires",
    create: "Create token",
    problems: {
      name: "Enter a name of 1 to 50 characters.",
      scope: "Enter at least one module, for example notes. Use letters, digits, hyphens and dots.",
      duration: "Choose when the token expires.",
    },
    created: "Your token",
    once: "Copy it now. You won’t be able to see it again.",
    everything:
      "This token gives access to everything in your storage. Keep it as safe as your password.",
    example: "Try it out",
    revoke: ["You can revoke it at any time under", "Apps", "."],
  },
};
