/** Messages of the account pages and of emails in English. */

import type { Child } from "hono/jsx";
import { MAX_USER_NAME_LENGTH, MIN_USER_NAME_LENGTH } from "../../core/names";
import { plural } from "../../ui/plural";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../passwords";
import type { RefusalSentences } from "../refusals";

const NAME_RULE = `${MIN_USER_NAME_LENGTH} to ${MAX_USER_NAME_LENGTH} characters: letters a to z, digits, and hyphens in between.`;

const formatHours = (count: number): string =>
  plural("en", count, { one: "an hour", other: `${count} hours` });

const formatSeconds = (count: number): string =>
  plural("en", count, { one: "1 second", other: `${count} seconds` });

const refusals: RefusalSentences = {
  closed: () => "Sign-up is closed.",
  "not-invited": () =>
    "You need a valid invitation to sign up. Ask the operator of this site for one.",
  "bad-name": () => `Choose a name of ${NAME_RULE}`,
  "name-taken": ({ name }) => `The name “${name}” is taken.`,
  "short-password": () => `Choose a password with at least ${MIN_PASSWORD_LENGTH} characters.`,
  "long-password": () => `Choose a password with at most ${MAX_PASSWORD_LENGTH} characters.`,
  wrong: () => "The name or password is wrong.",
  "wrong-code": () => "The name or code is wrong, or the code has already been used.",
  suspended: () =>
    "This account is suspended. Your data is still there. Contact the operator of this site.",
  wait: ({ retryAfterSeconds }) =>
    `Too many wrong passwords. Try again in ${formatSeconds(retryAfterSeconds)}.`,
  "too-many": ({ retryAfterSeconds }) =>
    `Too many attempts. Try again in ${formatSeconds(retryAfterSeconds)}.`,
  "too-many-emails": ({ retryAfterSeconds }) =>
    `You’ve been sent several links already. Use the latest one, or try again in ${formatHours(Math.ceil(retryAfterSeconds / 3600))}.`,
  "bad-passkey": () => "This passkey wasn’t accepted.",
  "late-passkey": () => "That took too long, or was already done. Try again.",
  "last-sign-in-method": () => "You can’t remove your only sign-in method. Add another one first.",
  "too-many-passkeys": () => "You have as many passkeys as an account can have. Remove one first.",
  conflict: () => "This was changed elsewhere in the meantime. Check it and try again.",
  "bad-email": () => "Enter a valid email address.",
};

export const en = {
  adminsOnly: { title: "Administrators only", sentence: "Only administrators can open this page." },
  refusals,

  name: "Name",
  password: "Password",
  nameRule: (address: string) => `${NAME_RULE} Your address will be ${address}.`,
  passwordRule: `At least ${MIN_PASSWORD_LENGTH} characters. A few random words are easy to remember and hard to guess.`,
  continueWithPasskey: "Continue with a passkey",
  orPassword: "or with a password",
  passkeyAborted: "The passkey couldn’t be used. Try again, or use a password instead.",
  noPasskeys: {
    unsupported: "This browser doesn’t support passkeys, or JavaScript is turned off.",
    ipAddress:
      "Passkeys aren’t available here. They need a domain name, and this page was opened by its IP address.",
  },
  back: "Back",
  cancel: "Cancel",

  signUp: {
    title: "Sign up",
    heading: "Create your account",
    invited: "You’re invited. Choose a name to get your own storage.",
    aboutPasskeys:
      "A passkey is saved on your device. There’s no password to remember, and none to steal.",
    keepSafe:
      "Keep your password safe. If you lose it and have no other sign-in method, you’re locked out.",
    haveAccount: "Already have an account?",
    signIn: "Sign in",
  },

  signIn: {
    title: "Sign in",
    isOther: (current: string, requested: string) =>
      `You’re signed in as ${current}. To continue as ${requested}, sign in again.`,
    noAccount: "No account yet?",
    signUp: "Sign up",
    lockedOut: "Can’t sign in?",
    useCode: "Use a recovery code",
    useEmail: "Get a sign-in link by email",
    noPasskeys:
      "Passkeys don’t work in this browser, or JavaScript is turned off. If you have only passkeys, use a recovery code, or open this page in another browser.",
  },

  confirm: {
    title: "Confirm it’s you",
    why: "For your security, sign in again to continue.",
    button: "Continue",
    otherMethod: "You can sign in again another way:",
    noMethod: "Your account has no passkey and no password. Sign in again another way:",
  },

  security: {
    title: "Security",
    recovered: {
      code: "You’re signed in. If you’ve lost your passkey or forgotten your password, set up a new one now.",
      link: "You’re signed in. If you’ve lost your passkey or forgotten your password, set up a new one now.",
      reset:
        "You’re signed in. Your old sign-in methods no longer work: set up a new one now, or you’ll be locked out.",
    } as Record<string, string>,
    continue: "Continue where you left off",
    reviewApps: [
      "Your apps and access tokens still work, for anyone who has them.",
      "Review your apps",
      ".",
    ],
    done: {
      email: "Your email address is confirmed.",
      password: "Password saved. You’re signed out everywhere else.",
      ended: "You’re signed out there.",
    },
    passkeys: {
      title: "Passkeys",
      about:
        "Saved on your device or in your password manager. Add one on a second device, so that you don’t get locked out.",
      none: "No passkeys yet.",
      add: "Add a passkey",
      rename: "Rename",
      renameLabel: (name: string) => `Rename ${name}`,
      remove: "Remove",
      removeLabel: (name: string) => `Remove ${name}`,
      times: (created: Child, used: Child | null): Child[] => [
        "Added ",
        created,
        ...(used === null ? [" · Not used yet"] : [" · Last used ", used]),
      ],
    },
    password: {
      title: "Password",
      isSet: "You have a password.",
      notNeeded: "You have no password. A passkey is all you need.",
      none: "You have no password.",
      change: "Change password",
      set: "Set a password",
      remove: "Remove password",
    },
    codes: {
      title: "Recovery codes",
      about: "Sign in with one of these if you lose your passkeys and your password.",
      left: (count: number) =>
        count === 0
          ? "You have no recovery codes."
          : plural("en", count, {
              one: "You have 1 code left.",
              other: `You have ${count} codes left.`,
            }),
      create: "Create recovery codes",
    },
    email: {
      title: "Email address",
      about: "Used only to send you a sign-in link when you can’t sign in.",
      none: "You haven’t added an email address.",
      set: "Add email address",
      change: "Change email address",
      remove: "Remove email address",
    },
    sessions: {
      title: "Active sessions",
      about: "Browsers that are signed in to your account.",
      unknownDevice: "Unknown device",
      current: "This browser",
      times: (since: Child, seen: Child | null): Child[] => [
        "Signed in ",
        since,
        ...(seen === null ? [] : [" · Last active ", seen]),
      ],
      end: "Sign out",
      endLabel: (device: string, since: string) => `Sign out ${device}, signed in ${since}`,
      endOthers: "Sign out everywhere else",
    },
  },

  newPassword: {
    change: "Change your password",
    set: "Set a password",
    label: "New password",
    button: "Save password",
    effect: "You stay signed in here and are signed out everywhere else. Your apps stay connected.",
    remove: {
      title: "Remove your password?",
      text: "You’ll sign in with a passkey only. You stay signed in here and are signed out everywhere else.",
      button: "Remove password",
    },
  },

  passkey: {
    addTitle: "Add a passkey",
    addAbout:
      "Your browser asks where to save it: on this device, on your phone, or on a security key.",
    alreadyRegistered: "This device already has a passkey for this account.",
    label: "Name",
    labelRule: "Helps you tell your passkeys apart.",
    addButton: "Add passkey",
    renameTitle: "Rename passkey",
    renameButton: "Save name",
    remove: {
      title: (name: string) => `Remove “${name}”?`,
      text: "You can no longer sign in with it. You stay signed in here and are signed out everywhere else. Your device may still offer the passkey until you delete it there too.",
      button: "Remove passkey",
    },
  },

  codes: {
    title: "Recovery codes",
    about: (count: number) =>
      `You get ${count} codes. Each one signs you in once. Print them or write them down, and keep them somewhere safe.`,
    replaces: "Your current codes will stop working.",
    button: (count: number) => `Create ${count} codes`,
    created: "Your recovery codes",
    once: "These codes are shown only once. Keep them safe: anyone who has one can sign in as you.",
    for: (address: string, url: string) => `For ${address}. Use them at ${url}`,
    done: "I’ve saved them",
  },

  recovery: {
    title: "Sign in with a recovery code",
    code: "Recovery code",
    codeRule: "Capital letters, spaces and hyphens don’t matter.",
    button: "Sign in",
    emailTitle: "Get a sign-in link by email",
    emailAbout: "We’ll send a sign-in link to the email address you confirmed for your account.",
    emailButton: "Send link",
    emailSent: (hours: number) =>
      `If this account has a confirmed email address, a sign-in link is on its way. It works once and expires in ${formatHours(hours)}.`,
    useCode: "Use a recovery code instead",
  },

  email: {
    title: "Recovery email",
    about: "We’ll send a link to this address. Open it to confirm the address.",
    label: "Email address",
    button: "Send link",
    sent: (email: string, hours: number) =>
      `We’ve sent a link to ${email}. Open it within ${formatHours(hours)}.`,
    remove: {
      title: "Remove your email address?",
      text: "You’ll no longer be able to get a sign-in link by email.",
      button: "Remove email address",
    },
  },

  link: {
    invalid: {
      title: "This link doesn’t work",
      sentence: "It has expired or was already used.",
    },
    reset: {
      title: (name: string) => `Reset sign-in for ${name}`,
      text: "This removes the password, all passkeys, all recovery codes and the email address of this account, and signs it out everywhere. You’ll be signed in here to set up a new sign-in method. Your data and connected apps stay.",
      button: "Reset and sign in",
    },
    recover: {
      title: (name: string) => `Sign in as ${name}`,
      text: "This signs you in on this browser. Nothing else changes.",
      button: "Sign in",
    },
    email: {
      title: (name: string) => `Confirm your email address, ${name}`,
      text: (email: string) => `We’ll be able to send sign-in links to ${email}.`,
      button: "Confirm address",
    },
  },

  mail: {
    recover: {
      subject: (host: string) => `Sign in to ${host}`,
      text: (address: string, url: string, hours: number) =>
        `Someone, hopefully you, asked for a link to sign in to ${address}.\n\nThis link signs you in. It works once and expires in ${formatHours(hours)}:\n\n${url}\n\nIf this wasn’t you, ignore this email: nobody else has the link.\n`,
    },
    email: {
      subject: (host: string) => `Confirm your email address for ${host}`,
      text: (address: string, url: string, hours: number) =>
        `${address} wants to use this email address to get sign-in links.\n\nTo confirm, open this link within ${formatHours(hours)}:\n\n${url}\n\nIf this isn’t you, ignore this email.\n`,
    },
    local: {
      title: "Local emails",
      about: "Messages that Satchel would have sent. They are kept until the server stops.",
      none: "No messages yet.",
      to: (address: string) => `To ${address}`,
    },
  },
};
