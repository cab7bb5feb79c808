/** What the pages of accounts say. */

import { MAX_NAME_LENGTH, MIN_NAME_LENGTH } from "../core/names";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords";
import type { RefusalSentences } from "./refusals";

const NAME_RULE = {
  en: `${MIN_NAME_LENGTH} to ${MAX_NAME_LENGTH} characters: letters a to z, digits, and hyphens in between.`,
  de: `${MIN_NAME_LENGTH} bis ${MAX_NAME_LENGTH} Zeichen: Buchstaben von a bis z, Ziffern, und dazwischen Bindestriche.`,
};

const refusalsEn: RefusalSentences = {
  closed: () => "This provider does not take new people at the moment.",
  "not-invited": () =>
    "You need an invitation, and this one is not good any more, or none was given. Ask whoever runs this provider.",
  "bad-name": () => `A name has ${NAME_RULE.en}`,
  "name-taken": ({ name }) => `The name "${name}" is taken.`,
  "short-password": () => `A password has at least ${MIN_PASSWORD_LENGTH} characters.`,
  "long-password": () => `A password has at most ${MAX_PASSWORD_LENGTH} characters.`,
  wrong: () => "The name or the password is wrong.",
  "wrong-code": () => "The name or the code is wrong, or the code was used already.",
  suspended: () =>
    "This account is suspended. Your data is still there. Ask whoever runs this provider.",
  wait: ({ retryAfterSeconds }) =>
    `Too many wrong passwords. Try again in ${secondsEn(retryAfterSeconds)}.`,
  "too-many": ({ retryAfterSeconds }) =>
    `Too many tries from your address. Try again in ${secondsEn(retryAfterSeconds)}.`,
  "bad-passkey": () => "This passkey was not accepted.",
  "late-passkey": () => "That was too late, or used already. Try again.",
  "last-way-in": () => "This is your last way in. Add another one first.",
  overtaken: () => "This was changed somewhere else in the meantime. Look, and try again.",
  "bad-email": () => "This is not an e-mail address.",
};

const refusalsDe: RefusalSentences = {
  closed: () => "Dieser Anbieter nimmt zurzeit niemanden neu auf.",
  "not-invited": () =>
    "Du brauchst eine Einladung, und diese gilt nicht mehr oder es war keine dabei. Frage, wer diesen Anbieter betreibt.",
  "bad-name": () => `Ein Name hat ${NAME_RULE.de}`,
  "name-taken": ({ name }) => `Den Namen „${name}“ gibt es schon.`,
  "short-password": () => `Ein Passwort hat mindestens ${MIN_PASSWORD_LENGTH} Zeichen.`,
  "long-password": () => `Ein Passwort hat höchstens ${MAX_PASSWORD_LENGTH} Zeichen.`,
  wrong: () => "Der Name oder das Passwort ist falsch.",
  "wrong-code": () => "Der Name oder der Code ist falsch, oder der Code wurde schon benutzt.",
  suspended: () =>
    "Dieses Konto ist gesperrt. Deine Daten sind noch da. Frage, wer diesen Anbieter betreibt.",
  wait: ({ retryAfterSeconds }) =>
    `Zu viele falsche Passwörter. Versuche es in ${secondsDe(retryAfterSeconds)} noch einmal.`,
  "too-many": ({ retryAfterSeconds }) =>
    `Zu viele Versuche von deiner Adresse. Versuche es in ${secondsDe(retryAfterSeconds)} noch einmal.`,
  "bad-passkey": () => "Dieser Passkey wurde nicht angenommen.",
  "late-passkey": () => "Das war zu spät oder wurde schon benutzt. Versuche es noch einmal.",
  "last-way-in": () => "Das ist dein letzter Zugang. Füge erst einen anderen hinzu.",
  overtaken: () => "Das wurde inzwischen anderswo geändert. Sieh nach und versuche es noch einmal.",
  "bad-email": () => "Das ist keine E-Mail-Adresse.",
};

const hoursEn = (count: number): string => (count === 1 ? "an hour" : `${count} hours`);
const hoursDe = (count: number): string => (count === 1 ? "einer Stunde" : `${count} Stunden`);

const secondsEn = (count: number): string => (count === 1 ? "1 second" : `${count} seconds`);
const secondsDe = (count: number): string => (count === 1 ? "1 Sekunde" : `${count} Sekunden`);

const en = {
  onlyAdmins: { title: "Not for you", sentence: "This page is for administrators." },
  refusals: refusalsEn,

  name: "Name",
  password: "Password",
  nameRule: (address: string) => `${NAME_RULE.en} Your address will be ${address}.`,
  passwordRule: `At least ${MIN_PASSWORD_LENGTH} characters. A few random words are easy to remember and hard to guess.`,
  withPasskey: "Continue with a passkey",
  orPassword: "or with a password",
  passkeyAborted: "The passkey was not used. Try again, or use a password.",
  noPasskeys: {
    noScript: "This browser cannot use passkeys, or JavaScript is switched off.",
    noName: "There are no passkeys here: this provider has no name, but an address of digits.",
  },
  back: "Back",
  cancel: "Cancel",

  signUp: {
    title: "Sign up",
    heading: "Get your storage",
    invited: "You are invited. Choose a name, and the storage is yours.",
    whatIsPasskey: "A passkey is kept by your device. There is nothing to remember or to steal.",
    keepSafe: "Keep the password safe: without another way in nobody can let you in.",
    already: "Already here?",
    signIn: "Sign in",
  },

  signIn: {
    title: "Sign in",
    isOther: (who: string, asked: string) =>
      `You are signed in as ${who}, but ${asked} is asked for.`,
    noStorage: "No storage yet?",
    signUp: "Sign up",
    forgot: "Cannot get in?",
    useCode: "Use a recovery code",
    useMail: "Get a link by e-mail",
  },

  confirm: {
    title: "Is it you?",
    why: "What comes next decides who gets into your account. Show once more who you are.",
    button: "Continue",
    otherWay: "Come in again with a recovery code:",
    noWay: "Your account has neither a passkey nor a password. Come in again with a recovery code:",
  },

  security: {
    title: "Security",
    wayIn: {
      code: "You are in. Is your passkey lost or your password forgotten? Set a new one now.",
      link: "You are in. Is your passkey lost or your password forgotten? Set a new one now.",
      reset:
        "You are in. The old ways in do not work any more: choose a new way in now, or you cannot come back.",
    } as Record<string, string>,
    lookAtApps:
      "Your apps and access tokens still work, also for whoever else has them: look through them.",
    done: {
      email: "The address is confirmed.",
      password: "Your password is set. You are signed out everywhere else.",
      ended: "Signed out there.",
    },
    passkeys: "Passkeys",
    passkeysWhat:
      "Kept by your device or your password manager, and unlocked as you unlock it. One on each of two devices keeps you from being locked out.",
    noPasskeys: "None yet.",
    addPasskey: "Add a passkey",
    rename: "Rename",
    renameLabel: (name: string) => `Rename ${name}`,
    remove: "Remove",
    removeLabel: (name: string) => `Remove ${name}`,
    passkeyTimes: (made: string, used: string | null) =>
      `Made on ${made}, ${used === null ? "not used yet" : `last used on ${used}`}`,
    password: "Password",
    passwordSet: "You have a password.",
    passwordNone: "You have no password. A passkey is all you need.",
    noWay: "You have no password.",
    changePassword: "Change it",
    setPassword: "Set a password",
    removePassword: "Remove the password",
    codes: "Recovery codes",
    codesWhat: "For the day on which you have neither your passkeys nor your password.",
    codesLeft: (count: number) =>
      count === 0
        ? "You have none."
        : count === 1
          ? "One of them is left."
          : `${count} of them are left.`,
    makeCodes: "Make recovery codes",
    email: "E-mail address",
    emailWhat: "For a link that lets you in again, and for nothing else.",
    emailIs: (email: string) => `It is ${email}.`,
    emailNone: "You have given none.",
    setEmail: "Set an address",
    changeEmail: "Change the address",
    removeEmail: "Remove the address",
    sessions: "Signed in",
    sessionsWhat: "Browsers that come in without being asked.",
    unknownDevice: "Unknown device",
    here: "This one",
    sessionTimes: (since: string, seen: string | null) =>
      `Since ${since}${seen === null ? "" : `, last here on ${seen}`}`,
    end: "Sign out",
    endLabel: (device: string, since: string) => `Sign out ${device} of ${since}`,
    endOthers: "Sign out everywhere else",
  },

  newPassword: {
    change: "Change your password",
    set: "Set a password",
    label: "New password",
    button: "Save it",
    consequence:
      "You stay signed in here and are signed out everywhere else. Your apps stay connected.",
    removeTitle: "Remove the password?",
    removeWhat:
      "From then on you come in with a passkey alone, and are signed out everywhere else.",
    removeButton: "Remove it",
  },

  passkey: {
    addTitle: "Add a passkey",
    addWhat: "Your browser will ask where to keep it: on this device, on your phone, or on a key.",
    known: "This device has a passkey for this account already.",
    label: "Name",
    labelRule: "So that you know later which one it is.",
    addButton: "Add it",
    renameTitle: "Rename the passkey",
    renameButton: "Save it",
    removeTitle: (name: string) => `Remove "${name}"?`,
    removeWhat:
      "It will not open your account any more. Browsers that are signed in stay so: end them under Security. Your device may still offer the passkey until you delete it there.",
    removeButton: "Remove it",
  },

  codes: {
    title: "Recovery codes",
    what: (count: number) =>
      `${count} codes, each of which lets you in once. Print them or write them down, and keep them where you keep your documents.`,
    replaces: "The codes that you have now will not work any more.",
    button: (count: number) => `Make ${count} codes`,
    yours: "Your recovery codes",
    once: "They are shown only this once. Keep them safe: each lets in whoever has it.",
    for: (address: string, place: string) => `For ${address}, to be used at ${place}`,
    done: "I have kept them",
  },

  recover: {
    title: "Use a recovery code",
    code: "Recovery code",
    codeRule: "Capitals, spaces and hyphens do not matter.",
    button: "Let me in",
    mailTitle: "Get a link by e-mail",
    mailWhat: "If you have confirmed an e-mail address, we send a link to it that lets you in.",
    mailButton: "Send the link",
    mailSent: (hours: number) =>
      `If there is such an account with a confirmed e-mail address, a link is on its way to it. It works once, within ${hoursEn(hours)}.`,
    toCode: "Use a recovery code instead",
  },

  email: {
    title: "E-mail address for recovery",
    what: "We send a link to this address. It counts once you have opened it.",
    label: "E-mail address",
    button: "Send the link",
    sent: (email: string, hours: number) =>
      `We have sent a link to ${email}. Open it within ${hoursEn(hours)}.`,
    removeTitle: "Remove the e-mail address?",
    removeWhat: "Then no link by e-mail can let you in any more.",
    removeButton: "Remove it",
  },

  link: {
    bad: {
      title: "This link does not work",
      sentence: "It was used already, or it is too old.",
    },
    reset: {
      title: (name: string) => `A new way in for ${name}`,
      what: "This removes the password, all passkeys, all recovery codes and the e-mail address of this account, signs it out everywhere, and lets you in here to choose a new way in. Data and connected apps stay.",
      button: "Start anew",
    },
    recover: {
      title: (name: string) => `Come in as ${name}`,
      what: "This signs you in here. Nothing else changes.",
      button: "Sign in",
    },
    email: {
      title: (name: string) => `E-mail address of ${name}`,
      what: (email: string) => `From then on ${email} can get a link that lets in.`,
      button: "Confirm the address",
    },
  },

  mail: {
    recover: {
      subject: (host: string) => `Your way in to ${host}`,
      text: (address: string, url: string, hours: number) =>
        `Somebody, hopefully you, cannot get in to ${address}.\n\nThis link lets you in. It works once, within ${hoursEn(hours)}:\n\n${url}\n\nIf it was not you, do nothing: nobody else has this link.\n`,
    },
    email: {
      subject: (host: string) => `Confirm your address for ${host}`,
      text: (address: string, url: string, hours: number) =>
        `${address} wants to use this e-mail address to get in when nothing else works.\n\nConfirm it within ${hoursEn(hours)}:\n\n${url}\n\nIf this is not you, do nothing.\n`,
    },
    box: "Mail of this computer",
    boxWhat: "What Satchel would have sent. It is kept until the server stops.",
    boxEmpty: "Nothing was sent yet.",
    to: (address: string) => `To ${address}`,
  },
};

const de: typeof en = {
  onlyAdmins: { title: "Nicht für dich", sentence: "Diese Seite ist für die Verwaltung." },
  refusals: refusalsDe,

  name: "Name",
  password: "Passwort",
  nameRule: (address) => `${NAME_RULE.de} Deine Adresse wird ${address}.`,
  passwordRule: `Mindestens ${MIN_PASSWORD_LENGTH} Zeichen. Ein paar zufällige Wörter sind leicht zu merken und schwer zu erraten.`,
  withPasskey: "Weiter mit einem Passkey",
  orPassword: "oder mit einem Passwort",
  passkeyAborted:
    "Der Passkey wurde nicht benutzt. Versuche es noch einmal oder nimm ein Passwort.",
  noPasskeys: {
    noScript: "Dieser Browser kann keine Passkeys benutzen, oder JavaScript ist abgeschaltet.",
    noName:
      "Hier gibt es keine Passkeys: Dieser Anbieter hat keinen Namen, nur eine Adresse aus Zahlen.",
  },
  back: "Zurück",
  cancel: "Abbrechen",

  signUp: {
    title: "Registrieren",
    heading: "Hol dir deinen Speicher",
    invited: "Du bist eingeladen. Wähle einen Namen, und der Speicher gehört dir.",
    whatIsPasskey:
      "Ein Passkey liegt auf deinem Gerät. Da gibt es nichts zu merken und nichts zu stehlen.",
    keepSafe:
      "Bewahre das Passwort gut auf: Ohne einen anderen Zugang kann dich niemand hineinlassen.",
    already: "Schon hier?",
    signIn: "Anmelden",
  },

  signIn: {
    title: "Anmelden",
    isOther: (who, asked) => `Du bist als ${who} angemeldet, gefragt ist aber ${asked}.`,
    noStorage: "Noch keinen Speicher?",
    signUp: "Registrieren",
    forgot: "Du kannst dich nicht anmelden?",
    useCode: "Nimm einen Wiederherstellungscode",
    useMail: "Lass dir einen Link mailen",
  },

  confirm: {
    title: "Bist du es?",
    why: "Was jetzt kommt, entscheidet darüber, wer in dein Konto kommt. Zeig noch einmal, wer du bist.",
    button: "Weiter",
    otherWay: "Komm mit einem Wiederherstellungscode noch einmal herein:",
    noWay:
      "Dein Konto hat weder einen Passkey noch ein Passwort. Komm mit einem Wiederherstellungscode noch einmal herein:",
  },

  security: {
    title: "Sicherheit",
    wayIn: {
      code: "Du bist drin. Ist dein Passkey weg oder dein Passwort vergessen? Richte jetzt einen neuen Zugang ein.",
      link: "Du bist drin. Ist dein Passkey weg oder dein Passwort vergessen? Richte jetzt einen neuen Zugang ein.",
      reset:
        "Du bist drin. Die alten Zugänge gelten nicht mehr: Richte jetzt einen neuen ein, sonst kommst du nicht wieder herein.",
    },
    lookAtApps:
      "Deine Apps und Zugangstoken gelten weiter, auch für andere, die sie haben: Sieh sie durch.",
    done: {
      email: "Die Adresse ist bestätigt.",
      password: "Dein Passwort ist gesetzt. Überall sonst bist du abgemeldet.",
      ended: "Dort abgemeldet.",
    },
    passkeys: "Passkeys",
    passkeysWhat:
      "Sie liegen auf deinem Gerät oder in deinem Passwortmanager und werden wie dieser entsperrt. Mit je einem auf zwei Geräten sperrst du dich nicht aus.",
    noPasskeys: "Noch keine.",
    addPasskey: "Passkey hinzufügen",
    rename: "Umbenennen",
    renameLabel: (name) => `${name} umbenennen`,
    remove: "Entfernen",
    removeLabel: (name) => `${name} entfernen`,
    passkeyTimes: (made, used) =>
      `Angelegt am ${made}, ${used === null ? "noch nicht benutzt" : `zuletzt benutzt am ${used}`}`,
    password: "Passwort",
    passwordSet: "Du hast ein Passwort.",
    passwordNone: "Du hast kein Passwort. Ein Passkey genügt.",
    noWay: "Du hast kein Passwort.",
    changePassword: "Passwort ändern",
    setPassword: "Passwort festlegen",
    removePassword: "Passwort entfernen",
    codes: "Wiederherstellungscodes",
    codesWhat: "Für den Tag, an dem du weder deine Passkeys noch dein Passwort hast.",
    codesLeft: (count) =>
      count === 0 ? "Du hast keine." : count === 1 ? "Einer ist übrig." : `${count} sind übrig.`,
    makeCodes: "Wiederherstellungscodes erstellen",
    email: "E-Mail-Adresse",
    emailWhat: "Für einen Link, der dich wieder hereinlässt, und für nichts sonst.",
    emailIs: (email) => `Sie ist ${email}.`,
    emailNone: "Du hast keine angegeben.",
    setEmail: "Adresse angeben",
    changeEmail: "Adresse ändern",
    removeEmail: "Adresse entfernen",
    sessions: "Angemeldet",
    sessionsWhat: "Browser, die ohne Frage hereinkommen.",
    unknownDevice: "Unbekanntes Gerät",
    here: "Dieser hier",
    sessionTimes: (since, seen) => `Seit ${since}${seen === null ? "" : `, zuletzt da am ${seen}`}`,
    end: "Abmelden",
    endLabel: (device, since) => `${device} vom ${since} abmelden`,
    endOthers: "Überall sonst abmelden",
  },

  newPassword: {
    change: "Dein Passwort ändern",
    set: "Passwort festlegen",
    label: "Neues Passwort",
    button: "Speichern",
    consequence:
      "Hier bleibst du angemeldet, überall sonst wirst du abgemeldet. Deine Apps bleiben verbunden.",
    removeTitle: "Das Passwort entfernen?",
    removeWhat:
      "Dann kommst du nur noch mit einem Passkey herein, und überall sonst wirst du abgemeldet.",
    removeButton: "Entfernen",
  },

  passkey: {
    addTitle: "Passkey hinzufügen",
    addWhat:
      "Dein Browser fragt, wo er liegen soll: auf diesem Gerät, auf deinem Telefon oder auf einem Schlüssel.",
    known: "Dieses Gerät hat schon einen Passkey für dieses Konto.",
    label: "Name",
    labelRule: "Damit du später weißt, welcher es ist.",
    addButton: "Hinzufügen",
    renameTitle: "Passkey umbenennen",
    renameButton: "Speichern",
    removeTitle: (name) => `„${name}“ entfernen?`,
    removeWhat:
      "Er öffnet dein Konto dann nicht mehr. Angemeldete Browser bleiben es: Melde sie unter Sicherheit ab. Dein Gerät bietet den Passkey vielleicht noch an, bis du ihn dort löschst.",
    removeButton: "Entfernen",
  },

  codes: {
    title: "Wiederherstellungscodes",
    what: (count) =>
      `${count} Codes, von denen dich jeder einmal hereinlässt. Drucke sie aus oder schreib sie auf, und bewahre sie bei deinen Unterlagen auf.`,
    replaces: "Die Codes, die du jetzt hast, gelten dann nicht mehr.",
    button: (count) => `${count} Codes erstellen`,
    yours: "Deine Wiederherstellungscodes",
    once: "Sie werden nur dieses eine Mal gezeigt. Bewahre sie gut auf: Jeder lässt herein, wer ihn hat.",
    for: (address, place) => `Für ${address}, zu benutzen unter ${place}`,
    done: "Ich habe sie aufbewahrt",
  },

  recover: {
    title: "Mit einem Wiederherstellungscode anmelden",
    code: "Wiederherstellungscode",
    codeRule: "Auf Großbuchstaben, Leerzeichen und Bindestriche kommt es nicht an.",
    button: "Anmelden",
    mailTitle: "Einen Link mailen lassen",
    mailWhat:
      "Wenn du eine E-Mail-Adresse bestätigt hast, schicken wir dorthin einen Link, der dich hereinlässt.",
    mailButton: "Link schicken",
    mailSent: (hours) =>
      `Wenn es so ein Konto mit einer bestätigten E-Mail-Adresse gibt, ist ein Link dorthin unterwegs. Er gilt einmal, innerhalb von ${hoursDe(hours)}.`,
    toCode: "Lieber einen Wiederherstellungscode nehmen",
  },

  email: {
    title: "E-Mail-Adresse für den Notfall",
    what: "Wir schicken einen Link an diese Adresse. Sie zählt, sobald du ihn geöffnet hast.",
    label: "E-Mail-Adresse",
    button: "Link schicken",
    sent: (email, hours) =>
      `Wir haben einen Link an ${email} geschickt. Öffne ihn innerhalb von ${hoursDe(hours)}.`,
    removeTitle: "Die E-Mail-Adresse entfernen?",
    removeWhat: "Dann kann dich kein Link per E-Mail mehr hereinlassen.",
    removeButton: "Entfernen",
  },

  link: {
    bad: {
      title: "Dieser Link geht nicht",
      sentence: "Er wurde schon benutzt, oder er ist zu alt.",
    },
    reset: {
      title: (name) => `Ein neuer Zugang für ${name}`,
      what: "Das entfernt das Passwort, alle Passkeys, alle Wiederherstellungscodes und die E-Mail-Adresse dieses Kontos, meldet es überall ab und lässt dich hier herein, um einen neuen Zugang zu wählen. Daten und verbundene Apps bleiben.",
      button: "Neu anfangen",
    },
    recover: {
      title: (name) => `Als ${name} hereinkommen`,
      what: "Das meldet dich hier an. Sonst ändert sich nichts.",
      button: "Anmelden",
    },
    email: {
      title: (name) => `E-Mail-Adresse von ${name}`,
      what: (email) => `Von da an kann ${email} einen Link bekommen, der hereinlässt.`,
      button: "Adresse bestätigen",
    },
  },

  mail: {
    recover: {
      subject: (host) => `Dein Zugang zu ${host}`,
      text: (address, url, hours) =>
        `Jemand, hoffentlich du, kommt nicht in ${address} hinein.\n\nDieser Link lässt dich herein. Er gilt einmal, innerhalb von ${hoursDe(hours)}:\n\n${url}\n\nWarst du es nicht, dann tu nichts: Niemand sonst hat diesen Link.\n`,
    },
    email: {
      subject: (host) => `Bestätige deine Adresse für ${host}`,
      text: (address, url, hours) =>
        `${address} möchte mit dieser E-Mail-Adresse hereinkommen, wenn nichts anderes geht.\n\nBestätige sie innerhalb von ${hoursDe(hours)}:\n\n${url}\n\nBist du das nicht, dann tu nichts.\n`,
    },
    box: "Post dieses Rechners",
    boxWhat: "Was Satchel verschickt hätte. Es bleibt, bis der Server anhält.",
    boxEmpty: "Noch wurde nichts verschickt.",
    to: (address) => `An ${address}`,
  },
};

export const ACCOUNT_MESSAGES = { en, de };
