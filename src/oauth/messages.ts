/** What the pages say on which a person lets an app or a device in. */

const en = {
  connect: "Connect an app",
  asks: "asks for access to your storage",
  local: "This app runs on your own computer. Go on only if you have started it yourself.",
  notYet:
    "This app is not connected yet. Go on only if this is the address of the app that you were just using.",
  lookalike:
    "This address stands for letters of another alphabet, which can look like others. Go on only if you expected exactly this one; if you are not sure, deny it.",
  connected: (what: string) =>
    `It is connected already: ${what}. What you allow here comes on top;`,
  takeAway: ["to take something away, change it under", "Apps", "."],
  everything: "Everything in your storage",
  everythingAbout: "All documents of all your apps, private and public",
  everythingWarning: "That includes what all your other apps keep there. Few apps need this much.",
  documents: (module: string) => `Your documents in “${module}”, private and public`,
  publicWarning: "What it makes public can be read by anyone who has the link.",
  levels: { rw: "read and change", r: "read only", none: "not at all" },
  all: "everything",
  allowFor: "Allow this",
  durations: {
    day: "for a day",
    month: "for 30 days",
    year: "for a year",
    always: "until I disconnect it",
  },
  stays: "The data stays in your storage",
  anyTime: ["You can disconnect the app at any time under", "Apps", "."],
  allow: "Allow",
  deny: "Deny",
  problems: {
    nothing: "You have left the app nothing. Choose at least one thing, or deny it.",
    level: "Choose for each part what the app may do there.",
    duration: "Choose how long the app may have access.",
  },
  cannot: "This app cannot be connected",
  badRedirectUri:
    "The app did not say properly where to return to: its redirect_uri has to be one https " +
    "address of its own (http only on this computer), without a fragment or a user name.",
  badRequest: {
    invalid_request: "What it asked for is incomplete or contradicts itself.",
    unsupported_response_type: "It asked for a kind of answer that there is not here.",
    invalid_scope: "It did not say properly what it wants to have access to.",
  },
  badRequestNext: "That is a fault of the app: only those who make it can mend it.",
  back: "Back to the app",
  toApps: "To your apps",
  device: {
    title: "Connect a device",
    about:
      "A device or a program without a browser shows you a code when it asks for access to your storage. Type it here.",
    code: "Code",
    codeRule: "Eight letters, such as BCDF-GHJK. Capitals and the hyphen do not matter.",
    compare: "Go on only if this is the code that your own device shows at this moment.",
    next: "Continue",
    quoted: (name: string) => `“${name}”`,
    asks: "asks for access to your storage",
    unverified:
      "That is what the device calls itself; nobody has checked it. Only go on if you started this on your own device. If somebody sent you the code or a link to this page, deny it.",
    shows: "Your device has to show this code:",
    unknown: "This code is not known, or its time is over. Start again on your device.",
    tooMany: (seconds: number) => `Too many tries. Try again in ${seconds} seconds.`,
    allowed: (name: string) =>
      `${name} is connected in a moment. You can go back to it and close this page.`,
    denied: (name: string) => `${name} was denied. It has got no access.`,
    done: "Done",
    anyTime: ["You can disconnect the device at any time under", "Apps", "."],
  },
};

const de: typeof en = {
  connect: "Eine App verbinden",
  asks: "bittet um Zugriff auf deinen Speicher",
  local:
    "Diese App läuft auf deinem eigenen Computer. Mach nur weiter, wenn du sie selbst gestartet hast.",
  notYet:
    "Diese App ist noch nicht verbunden. Mach nur weiter, wenn das die Adresse der App ist, die du gerade benutzt hast.",
  lookalike:
    "Diese Adresse steht für Buchstaben eines anderen Alphabets, die wie andere aussehen können. Mach nur weiter, wenn du genau diese erwartet hast; bist du nicht sicher, lehne ab.",
  connected: (what) => `Sie ist schon verbunden: ${what}. Was du hier erlaubst, kommt dazu;`,
  takeAway: ["um etwas wegzunehmen, ändere sie unter", "Apps", "."],
  everything: "Alles in deinem Speicher",
  everythingAbout: "Alle Dokumente all deiner Apps, private und öffentliche",
  everythingWarning:
    "Dazu gehört auch, was all deine anderen Apps dort ablegen. Wenige Apps brauchen so viel.",
  documents: (module) => `Deine Dokumente in „${module}“, private und öffentliche`,
  publicWarning: "Was sie öffentlich macht, kann jeder lesen, der den Link hat.",
  levels: { rw: "lesen und ändern", r: "nur lesen", none: "gar nichts" },
  all: "alles",
  allowFor: "Das erlauben",
  durations: {
    day: "für einen Tag",
    month: "für 30 Tage",
    year: "für ein Jahr",
    always: "bis ich es beende",
  },
  stays: "Die Daten bleiben in deinem Speicher",
  anyTime: ["Du kannst die App jederzeit trennen, unter", "Apps", "."],
  allow: "Erlauben",
  deny: "Ablehnen",
  problems: {
    nothing: "Du hast der App nichts gelassen. Wähle mindestens eines aus, oder lehne ab.",
    level: "Wähle für jeden Teil, was die App dort darf.",
    duration: "Wähle, wie lange die App Zugriff hat.",
  },
  cannot: "Diese App kann nicht verbunden werden",
  badRedirectUri:
    "Die App hat nicht richtig gesagt, wohin es zurückgeht: Ihre redirect_uri muss eine eigene " +
    "https-Adresse sein (http nur auf diesem Computer), ohne Fragment und ohne Benutzernamen.",
  badRequest: {
    invalid_request: "Ihre Anfrage ist unvollständig oder widerspricht sich.",
    unsupported_response_type: "Sie möchte eine Art von Antwort, die es hier nicht gibt.",
    invalid_scope: "Sie hat nicht richtig gesagt, worauf sie Zugriff möchte.",
  },
  badRequestNext: "Das ist ein Fehler der App: Nur wer sie macht, kann ihn beheben.",
  back: "Zurück zur App",
  toApps: "Zu deinen Apps",
  device: {
    title: "Ein Gerät verbinden",
    about:
      "Ein Gerät oder Programm ohne Browser zeigt dir einen Code, wenn es um Zugriff auf deinen Speicher bittet. Gib ihn hier ein.",
    code: "Code",
    codeRule:
      "Acht Buchstaben, zum Beispiel BCDF-GHJK. Groß oder klein, mit oder ohne Bindestrich.",
    compare: "Mach nur weiter, wenn dein eigenes Gerät in diesem Moment genau diesen Code zeigt.",
    next: "Weiter",
    quoted: (name) => `„${name}“`,
    asks: "bittet um Zugriff auf deinen Speicher",
    unverified:
      "So nennt sich das Gerät selbst; niemand hat es geprüft. Mach nur weiter, wenn du das auf deinem eigenen Gerät begonnen hast. Wenn dir jemand den Code oder einen Link zu dieser Seite geschickt hat, lehne ab.",
    shows: "Dein Gerät muss diesen Code zeigen:",
    unknown:
      "Dieser Code ist nicht bekannt, oder seine Zeit ist um. Beginne auf deinem Gerät von vorn.",
    tooMany: (seconds) => `Zu viele Versuche. Versuche es in ${seconds} Sekunden noch einmal.`,
    allowed: (name) =>
      `${name} ist gleich verbunden. Du kannst dorthin zurückkehren und diese Seite schließen.`,
    denied: (name) => `${name} wurde abgelehnt und hat keinen Zugriff.`,
    done: "Fertig",
    anyTime: ["Du kannst das Gerät jederzeit trennen, unter", "Apps", "."],
  },
};

export const OAUTH_MESSAGES = { en, de };
