/** What the frame of every page says, and the pages that say why there is no other. */

const en = {
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
  toHome: "To the home page",
  cancel: "Cancel",
  nextPage: "Next page",
  tooOften: {
    title: "Too often",
    sentence: (seconds: number) =>
      `That was more than anybody does by hand. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
  },
  notFound: { title: "Not found", sentence: "There is nothing here." },
  tooMuch: { title: "Too much", sentence: "This form is larger than any of ours." },
  notFromHere: { title: "Not from here", sentence: "This form was sent from another site." },
  failed: {
    title: "Something went wrong",
    sentence: (id: string) =>
      `It was on our side, and somebody has to look at it. Whoever runs this provider finds it by this number: ${id}`,
  },
  unavailable: "Not at the moment",
  readFailed: "This is not available at the moment; nothing was changed. Try again.",
  writeFailed:
    "We did not get an answer in time. Look whether your change is there, and try again.",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Press Ctrl+C",
  print: "Print",
};

const de: typeof en = {
  skip: "Zum Inhalt",
  signOut: "Abmelden",
  menu: "Menü",
  pages: {
    "/": "Start",
    "/apps": "Apps",
    "/data": "Daten",
    "/security": "Sicherheit",
    "/activity": "Verlauf",
    "/settings": "Einstellungen",
    "/admin": "Verwaltung",
  },
  toHome: "Zur Startseite",
  cancel: "Abbrechen",
  nextPage: "Nächste Seite",
  tooOften: {
    title: "Zu oft",
    sentence: (seconds) =>
      `Das war mehr, als jemand von Hand tut. Versuche es in ${seconds} ${seconds === 1 ? "Sekunde" : "Sekunden"} noch einmal.`,
  },
  notFound: { title: "Nicht gefunden", sentence: "Hier ist nichts." },
  tooMuch: { title: "Zu viel", sentence: "Dieses Formular ist größer als jedes von uns." },
  notFromHere: {
    title: "Nicht von hier",
    sentence: "Dieses Formular wurde von einer anderen Website geschickt.",
  },
  failed: {
    title: "Etwas ist schiefgegangen",
    sentence: (id) =>
      `Es lag an uns, und jemand muss es sich ansehen. Wer diesen Anbieter betreibt, findet es unter dieser Nummer: ${id}`,
  },
  unavailable: "Gerade nicht möglich",
  readFailed: "Das ist gerade nicht verfügbar; nichts wurde geändert. Versuche es noch einmal.",
  writeFailed:
    "Wir haben nicht rechtzeitig eine Antwort bekommen. Sieh nach, ob deine Änderung da ist, und versuche es noch einmal.",
  copy: "Kopieren",
  copied: "Kopiert",
  notCopied: "Drücke Strg+C",
  print: "Drucken",
};

export const UI_MESSAGES = { en, de };
