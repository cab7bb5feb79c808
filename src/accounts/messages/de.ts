/** Messages of the account pages and of emails in German. */

import { MAX_USER_NAME_LENGTH, MIN_USER_NAME_LENGTH } from "../../core/names";
import { plural } from "../../ui/plural";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../passwords";
import type { RefusalSentences } from "../refusals";
import type { en } from "./en";

const NAME_RULE = `${MIN_USER_NAME_LENGTH} bis ${MAX_USER_NAME_LENGTH} Zeichen: Buchstaben von a bis z, Ziffern und dazwischen Bindestriche.`;

/** In the dative, as after "in" and "innerhalb von". */
const formatHours = (count: number): string =>
  plural("de", count, { one: "einer Stunde", other: `${count} Stunden` });

const formatSeconds = (count: number): string =>
  plural("de", count, { one: "1 Sekunde", other: `${count} Sekunden` });

const refusals: RefusalSentences = {
  closed: () => "Die Registrierung ist geschlossen.",
  "not-invited": () =>
    "Für die Registrierung brauchst du eine gültige Einladung. Frag den Betreiber dieser Website danach.",
  "bad-name": () => `Wähle einen Namen mit ${NAME_RULE}`,
  "name-taken": ({ name }) => `Der Name „${name}“ ist schon vergeben.`,
  "short-password": () => `Wähle ein Passwort mit mindestens ${MIN_PASSWORD_LENGTH} Zeichen.`,
  "long-password": () => `Wähle ein Passwort mit höchstens ${MAX_PASSWORD_LENGTH} Zeichen.`,
  wrong: () => "Der Name oder das Passwort ist falsch.",
  "wrong-code": () => "Der Name oder der Code ist falsch, oder der Code wurde schon benutzt.",
  suspended: () =>
    "Dieses Konto ist gesperrt. Deine Daten sind noch da. Wende dich an den Betreiber dieser Website.",
  wait: ({ retryAfterSeconds }) =>
    `Zu viele falsche Passwörter. Versuche es in ${formatSeconds(retryAfterSeconds)} noch einmal.`,
  "too-many": ({ retryAfterSeconds }) =>
    `Zu viele Versuche. Versuche es in ${formatSeconds(retryAfterSeconds)} noch einmal.`,
  "too-many-emails": ({ retryAfterSeconds }) =>
    `Du hast schon mehrere Links bekommen. Verwende den neuesten oder versuche es in ${formatHours(Math.ceil(retryAfterSeconds / 3600))} noch einmal.`,
  "bad-passkey": () => "Dieser Passkey wurde nicht akzeptiert.",
  "late-passkey": () =>
    "Das hat zu lange gedauert oder wurde schon erledigt. Versuche es noch einmal.",
  "last-sign-in-method": () =>
    "Deine einzige Anmeldemethode kannst du nicht entfernen. Richte erst eine andere ein.",
  "too-many-passkeys": () =>
    "Du hast so viele Passkeys, wie ein Konto haben kann. Entferne erst einen.",
  conflict: () =>
    "Das wurde inzwischen an anderer Stelle geändert. Prüfe es und versuche es noch einmal.",
  "bad-email": () => "Gib eine gültige E-Mail-Adresse ein.",
};

export const de: typeof en = {
  adminsOnly: {
    title: "Nur für Admins",
    sentence: "Diese Seite können nur Admins öffnen.",
  },
  refusals,

  name: "Name",
  password: "Passwort",
  nameRule: (address) => `${NAME_RULE} Deine Adresse ist dann ${address}.`,
  passwordRule: `Mindestens ${MIN_PASSWORD_LENGTH} Zeichen. Ein paar zufällige Wörter sind leicht zu merken und schwer zu erraten.`,
  continueWithPasskey: "Weiter mit einem Passkey",
  orPassword: "oder mit einem Passwort",
  passkeyAborted:
    "Das hat mit dem Passkey nicht geklappt. Versuche es noch einmal oder verwende ein Passwort.",
  noPasskeys: {
    unsupported: "Dieser Browser unterstützt keine Passkeys, oder JavaScript ist ausgeschaltet.",
    ipAddress:
      "Passkeys gibt es hier nicht. Sie brauchen einen Domainnamen, und diese Seite wurde über ihre IP-Adresse geöffnet.",
  },
  back: "Zurück",
  cancel: "Abbrechen",

  signUp: {
    title: "Registrieren",
    heading: "Erstelle dein Konto",
    invited: "Du bist eingeladen. Wähle einen Namen und hol dir deinen eigenen Speicher.",
    aboutPasskeys:
      "Ein Passkey liegt auf deinem Gerät. Du musst dir kein Passwort merken, und niemand kann eins stehlen.",
    keepSafe:
      "Bewahre dein Passwort gut auf. Wenn du es verlierst und dich nicht anders anmelden kannst, bist du ausgesperrt.",
    haveAccount: "Hast du schon ein Konto?",
    signIn: "Anmelden",
  },

  signIn: {
    title: "Anmelden",
    isOther: (current, requested) =>
      `Du bist als ${current} angemeldet. Um als ${requested} fortzufahren, melde dich neu an.`,
    noAccount: "Noch kein Konto?",
    signUp: "Registrieren",
    lockedOut: "Kannst du dich nicht anmelden?",
    useCode: "Wiederherstellungscode verwenden",
    useEmail: "Anmeldelink per E-Mail erhalten",
    noPasskeys:
      "In diesem Browser funktionieren keine Passkeys, oder JavaScript ist ausgeschaltet. Wenn du nur Passkeys hast, verwende einen Wiederherstellungscode oder öffne diese Seite in einem anderen Browser.",
  },

  confirm: {
    title: "Bestätige, dass du es bist",
    why: "Melde dich zur Sicherheit noch einmal an.",
    button: "Weiter",
    otherMethod: "Du kannst dich auch auf andere Weise anmelden:",
    noMethod:
      "Dein Konto hat weder einen Passkey noch ein Passwort. Melde dich auf andere Weise noch einmal an:",
  },

  security: {
    title: "Sicherheit",
    recovered: {
      code: "Du bist angemeldet. Wenn du deinen Passkey verloren oder dein Passwort vergessen hast, richte jetzt eine neue Anmeldemethode ein.",
      link: "Du bist angemeldet. Wenn du deinen Passkey verloren oder dein Passwort vergessen hast, richte jetzt eine neue Anmeldemethode ein.",
      reset:
        "Du bist angemeldet. Deine alten Anmeldemethoden gelten nicht mehr: Richte jetzt eine neue ein, sonst sperrst du dich aus.",
    },
    continue: "Weitermachen, wo du warst",
    reviewApps: [
      "Deine Apps und Zugriffstoken funktionieren weiter, auch für andere, die sie haben.",
      "Prüfe deine Apps",
      ".",
    ],
    done: {
      email: "Deine E-Mail-Adresse ist bestätigt.",
      password: "Passwort gespeichert. Überall sonst bist du abgemeldet.",
      ended: "Dort bist du jetzt abgemeldet.",
    },
    passkeys: {
      title: "Passkeys",
      about:
        "Sie liegen auf deinem Gerät oder in deinem Passwortmanager. Füge auf einem zweiten Gerät noch einen hinzu, damit du dich nicht aussperrst.",
      none: "Noch keine Passkeys.",
      add: "Passkey hinzufügen",
      rename: "Umbenennen",
      renameLabel: (name) => `${name} umbenennen`,
      remove: "Entfernen",
      removeLabel: (name) => `${name} entfernen`,
      times: (created, used) => [
        "Hinzugefügt: ",
        created,
        ...(used === null ? [" · Noch nicht benutzt"] : [" · Zuletzt benutzt: ", used]),
      ],
    },
    password: {
      title: "Passwort",
      isSet: "Du hast ein Passwort.",
      notNeeded: "Du hast kein Passwort. Ein Passkey reicht.",
      none: "Du hast kein Passwort.",
      change: "Passwort ändern",
      set: "Passwort festlegen",
      remove: "Passwort entfernen",
    },
    codes: {
      title: "Wiederherstellungscodes",
      about: "Mit einem davon meldest du dich an, wenn du Passkeys und Passwort verloren hast.",
      left: (count) =>
        count === 0
          ? "Du hast keine Wiederherstellungscodes."
          : plural("de", count, {
              one: "Du hast noch 1 Code.",
              other: `Du hast noch ${count} Codes.`,
            }),
      create: "Wiederherstellungscodes erstellen",
    },
    email: {
      title: "E-Mail-Adresse",
      about: "Nur für einen Anmeldelink, wenn du dich nicht mehr anmelden kannst.",
      none: "Du hast keine E-Mail-Adresse hinterlegt.",
      set: "E-Mail-Adresse hinzufügen",
      change: "E-Mail-Adresse ändern",
      remove: "E-Mail-Adresse entfernen",
    },
    sessions: {
      title: "Aktive Sitzungen",
      about: "Browser, die in deinem Konto angemeldet sind.",
      unknownDevice: "Unbekanntes Gerät",
      current: "Dieser Browser",
      times: (since, seen) => [
        "Angemeldet: ",
        since,
        ...(seen === null ? [] : [" · Zuletzt aktiv: ", seen]),
      ],
      end: "Abmelden",
      endLabel: (device, since) => `${device} abmelden, angemeldet ${since}`,
      endOthers: "Überall sonst abmelden",
    },
  },

  newPassword: {
    change: "Passwort ändern",
    set: "Passwort festlegen",
    label: "Neues Passwort",
    button: "Passwort speichern",
    effect:
      "Hier bleibst du angemeldet, überall sonst wirst du abgemeldet. Deine Apps bleiben verbunden.",
    remove: {
      title: "Passwort entfernen?",
      text: "Du meldest dich dann nur noch mit einem Passkey an. Hier bleibst du angemeldet, überall sonst wirst du abgemeldet.",
      button: "Passwort entfernen",
    },
  },

  passkey: {
    addTitle: "Passkey hinzufügen",
    addAbout:
      "Dein Browser fragt, wo er gespeichert werden soll: auf diesem Gerät, auf deinem Handy oder auf einem Sicherheitsschlüssel.",
    alreadyRegistered: "Dieses Gerät hat schon einen Passkey für dieses Konto.",
    label: "Name",
    labelRule: "So kannst du deine Passkeys unterscheiden.",
    addButton: "Passkey hinzufügen",
    renameTitle: "Passkey umbenennen",
    renameButton: "Namen speichern",
    remove: {
      title: (name) => `„${name}“ entfernen?`,
      text: "Du kannst dich dann nicht mehr damit anmelden. Hier bleibst du angemeldet, überall sonst wirst du abgemeldet. Vielleicht bietet dein Gerät den Passkey noch an, bis du ihn auch dort löschst.",
      button: "Passkey entfernen",
    },
  },

  codes: {
    title: "Wiederherstellungscodes",
    about: (count) =>
      `Du bekommst ${count} Codes. Mit jedem kannst du dich einmal anmelden. Drucke sie aus oder schreib sie auf und bewahre sie sicher auf.`,
    replaces: "Deine jetzigen Codes gelten dann nicht mehr.",
    button: (count) => `${count} Codes erstellen`,
    created: "Deine Wiederherstellungscodes",
    once: "Diese Codes siehst du nur dieses eine Mal. Bewahre sie gut auf: Wer einen hat, kann sich als du anmelden.",
    for: (address, url) => `Für ${address}. Verwende sie unter ${url}`,
    done: "Ich habe sie gespeichert",
  },

  recovery: {
    title: "Mit einem Wiederherstellungscode anmelden",
    code: "Wiederherstellungscode",
    codeRule: "Groß- und Kleinschreibung, Leerzeichen und Bindestriche spielen keine Rolle.",
    button: "Anmelden",
    emailTitle: "Anmeldelink per E-Mail",
    emailAbout:
      "Wir schicken einen Anmeldelink an die E-Mail-Adresse, die du für dein Konto bestätigt hast.",
    emailButton: "Link senden",
    emailSent: (hours) =>
      `Wenn dieses Konto eine bestätigte E-Mail-Adresse hat, ist ein Anmeldelink unterwegs. Er gilt einmal und läuft in ${formatHours(hours)} ab.`,
    useCode: "Stattdessen einen Wiederherstellungscode verwenden",
  },

  email: {
    title: "E-Mail-Adresse für die Wiederherstellung",
    about: "Wir schicken einen Link an diese Adresse. Öffne ihn, um sie zu bestätigen.",
    label: "E-Mail-Adresse",
    button: "Link senden",
    sent: (email, hours) =>
      `Wir haben einen Link an ${email} geschickt. Öffne ihn innerhalb von ${formatHours(hours)}.`,
    remove: {
      title: "E-Mail-Adresse entfernen?",
      text: "Du kannst dir dann keinen Anmeldelink mehr per E-Mail schicken lassen.",
      button: "E-Mail-Adresse entfernen",
    },
  },

  link: {
    invalid: {
      title: "Dieser Link funktioniert nicht",
      sentence: "Er ist abgelaufen oder wurde schon benutzt.",
    },
    reset: {
      title: (name) => `Anmeldung für ${name} zurücksetzen`,
      text: "Das entfernt das Passwort, alle Passkeys, alle Wiederherstellungscodes und die E-Mail-Adresse dieses Kontos und meldet es überall ab. Danach bist du hier angemeldet und richtest eine neue Anmeldemethode ein. Deine Daten und verbundenen Apps bleiben.",
      button: "Zurücksetzen und anmelden",
    },
    recover: {
      title: (name) => `Als ${name} anmelden`,
      text: "Das meldet dich in diesem Browser an. Sonst ändert sich nichts.",
      button: "Anmelden",
    },
    email: {
      title: (name) => `Bestätige deine E-Mail-Adresse, ${name}`,
      text: (email) => `Danach können wir Anmeldelinks an ${email} schicken.`,
      button: "Adresse bestätigen",
    },
  },

  mail: {
    recover: {
      subject: (host) => `Anmeldung bei ${host}`,
      text: (address, url, hours) =>
        `Jemand, hoffentlich du, hat einen Link zur Anmeldung bei ${address} angefordert.\n\nDieser Link meldet dich an. Er gilt einmal und läuft in ${formatHours(hours)} ab:\n\n${url}\n\nWenn du das nicht warst, ignoriere diese E-Mail: Niemand sonst hat den Link.\n`,
    },
    email: {
      subject: (host) => `Bestätige deine E-Mail-Adresse für ${host}`,
      text: (address, url, hours) =>
        `${address} möchte Anmeldelinks an diese E-Mail-Adresse bekommen.\n\nÖffne zur Bestätigung innerhalb von ${formatHours(hours)} diesen Link:\n\n${url}\n\nWenn du das nicht bist, ignoriere diese E-Mail.\n`,
    },
    local: {
      title: "Lokale E-Mails",
      about: "Nachrichten, die Satchel verschickt hätte. Sie bleiben, bis der Server beendet wird.",
      none: "Noch keine Nachrichten.",
      to: (address) => `An ${address}`,
    },
  },
};
