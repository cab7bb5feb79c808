/** What the pages of somebody who is signed in say, and the welcome page. */

const en = {
  welcome: {
    title: "Your data, anywhere",
    what: "Satchel keeps the data of your apps in a storage of your own. Apps that speak remoteStorage ask you for your address, you allow them what they need, and nothing ties your data to them.",
    points: [
      "One address for all your apps, on all your devices.",
      "You see what each app may do, and disconnect it at any time.",
      "You take everything along, or delete it, whenever you like.",
    ],
    signUp: "Get your storage",
    signIn: "Sign in",
    byInvitation:
      "New people come by invitation: if you have one, open the link that you were given.",
    closed: "This provider does not take new people at the moment.",
  },
  home: {
    title: "Home",
    address: "Your address",
    addressUse: "Give it to an app that asks where your data is to be kept.",
    qr: (address: string) => `QR code of ${address}`,
    qrUse: "Or let another device scan it.",
    noRecoveryCodes:
      "You have no recovery codes yet. With them you come in even if you lose everything else.",
    makeRecoveryCodes: "Make recovery codes",
    onlyOneWayIn:
      "There is only one way for you to sign in. Add a passkey on another device, so that you are never locked out.",
    addWayIn: "Add a way in",
    noWayIn: "You have neither a passkey nor a password: without one you cannot come back.",
    usage: (used: string, quota: string) => `You use ${used} of ${quota}.`,
    showData: "See your data",
    connected: "Connected apps",
    noApps: "None yet. Open one of those below, or give any app your address.",
    allApps: "All about your apps",
    moreApps: (count: string) => `All about your ${count} apps`,
    since: (day: string) => `Connected since ${day}`,
    sinceUntil: (since: string, until: string) => `Connected since ${since}, until ${until}`,
    open: "Open an app with your address",
    about: {
      notes: "Notes",
      writing: "Distraction-free writing",
      bookmarks: "Bookmarks",
      browsing: "Browse all your data",
    },
  },
  data: {
    title: "Data",
    used: (used: string, quota: string) => `${used} of ${quota} are in use.`,
    free: (free: string, documents: string) => `${free} are free. Documents in all: ${documents}.`,
    almostFull:
      "There is almost no room left. When it is full, apps can read and delete, but not store anything new.",
    full: "There is no room left: apps can read and delete, but not store anything new.",
    bar: (parts: string[]) => `Use of the storage by module: ${parts.join(", ")}`,
    byModule: "By module",
    module: "Module",
    private: "Private",
    public: "Public",
    databases: "Databases",
    documents: "Documents",
    other: "Outside of modules",
    nothing: "There is nothing here yet. What your apps store for you shows up on this page.",
    export: "Take your data along",
    exportWhat:
      "A ZIP archive with every document as it is, and a list of all of them with their types and times.",
    download: "Download everything",
    inParts: (documents: string) =>
      `There is a lot: the archive comes in parts of up to ${documents} documents each.`,
    parts: "The parts of the archive",
    toParts: "Show the parts",
    part: (number: string) => `Download part ${number}`,
    from: (path: string) => `After ${path}`,
    fromFirst: "From the beginning",
    hasChanged: {
      title: "Much has changed",
      sentence:
        "A lot of documents have come since this part was listed. Go back and take the parts that are listed now.",
    },
    toData: "Back to your data",
  },
  databases: {
    title: "Databases",
    what: "Some apps keep databases here instead of documents. Room is set aside for each module a little ahead of what its databases hold. Earlier versions and the archive are of documents alone.",
    inModule: (module: string) => `In the module ${module}`,
    silent: "What is in here cannot be shown at the moment. It is there; try again in a while.",
    collection: "Collection",
    documents: "Documents",
    size: "Size",
    version: (version: string) => `(version ${version})`,
    own: "Of RxDB itself",
    delete: "Delete the database",
    deleteIt: (name: string, module: string) => `Delete the database ${name} of ${module}`,
    question: "Delete this database?",
    goes: (name: string, module: string) => `The database ${name} in the module ${module}.`,
    holds: (documents: string, bytes: string) => `Documents: ${documents}; ${bytes} in all.`,
    forGood:
      "This cannot be undone. An app that is still connected may make it again, empty or with what it has on its device.",
    gone: {
      title: "No such database",
      sentence: "This database is not there, or not any more.",
    },
  },
  activity: {
    title: "Activity",
    what: (days: string) =>
      `What happened in your account, the newest first. It is kept for ${days}, then forgotten. Times are UTC.`,
    ifNotYou: "If you see something that was not you, look at",
    security: "your security",
    time: "Time",
    deed: "What",
    nothing: "Nothing to see here.",
    newest: "Back to the newest",
  },
  settings: {
    title: "Settings",
    language: "Language",
    languageWhat:
      "Of these pages, in this browser. Your apps have their own. The colours follow your system, light or dark.",
    languageNow: (language: string) => `At the moment: ${language}`,
    about: "What is kept about you",
    aboutWhat:
      "Beside your documents and databases, your apps and what they use, your ways in, the browsers that are signed in, and your latest activity, this is all:",
    seen: "Last here",
    name: "Name",
    address: "Address",
    since: "Account since",
    email: "E-mail address",
    noEmail: "none",
    domains: "Your domains",
    domainsWhat: "These identify you, too. The operator of this provider adds and removes them.",
    noDomains: "None. The operator of this provider can add a domain of yours.",
    security: "Ways in",
    securityWhat: "Passkeys, password, recovery codes and the browsers that are signed in:",
    toSecurity: "Security",
    leave: "Leave",
    leaveWhat: "You can take everything along, and delete your account.",
    export: "Take your data along",
    delete: "Delete your account",
  },
  deletion: {
    title: "Delete your account",
    question: "This cannot be undone. What goes:",
    goes: (documents: string, bytes: string) => [
      `all your documents (${documents}), also the public ones and all earlier versions, and the databases of your apps: ${bytes}`,
      "the access of all apps and devices, at once",
      "your ways in, your sessions, your activity and your e-mail address",
    ],
    stays:
      "Your name stays reserved, so that nobody else ever gets your address. It takes some hours until the last byte is erased; nobody can reach it meanwhile.",
    exportFirst: "Do you want to keep something?",
    export: "Take your data along first",
    typeName: (name: string) => `Type your name, ${name}, to confirm`,
    problems: {
      "wrong-name": (name: string) => `That is not your name. It is ${name}.`,
      "last-administrator": () =>
        "You are the only administrator here, so nothing was deleted. Make somebody else administrator first.",
    },
    delete: "Delete everything",
    cancel: "Keep my account",
    done: {
      title: "Your account is deleted",
      sentence:
        "You are signed out, your apps are disconnected, and everything is being erased. Take care!",
    },
  },
};

const de: typeof en = {
  welcome: {
    title: "Deine Daten, überall",
    what: "Satchel bewahrt die Daten deiner Apps in einem Speicher auf, der dir gehört. Apps, die remoteStorage sprechen, fragen dich nach deiner Adresse, du erlaubst ihnen, was sie brauchen, und nichts bindet deine Daten an sie.",
    points: [
      "Eine Adresse für alle deine Apps, auf allen deinen Geräten.",
      "Du siehst, was jede App darf, und trennst sie jederzeit.",
      "Du nimmst alles mit oder löschst es, wann immer du willst.",
    ],
    signUp: "Hol dir deinen Speicher",
    signIn: "Anmelden",
    byInvitation:
      "Neu dabei ist man hier mit Einladung: Wenn du eine hast, öffne den Link, den du bekommen hast.",
    closed: "Dieser Anbieter nimmt zurzeit niemanden neu auf.",
  },
  home: {
    title: "Start",
    address: "Deine Adresse",
    addressUse: "Gib sie einer App, die fragt, wo deine Daten liegen sollen.",
    qr: (address) => `QR-Code von ${address}`,
    qrUse: "Oder lass ein anderes Gerät sie scannen.",
    noRecoveryCodes:
      "Du hast noch keine Wiederherstellungscodes. Mit ihnen kannst du dich anmelden, auch wenn du alles andere verlierst.",
    makeRecoveryCodes: "Wiederherstellungscodes erstellen",
    onlyOneWayIn:
      "Du hast nur einen Weg, dich anzumelden. Füge einen Passkey auf einem anderen Gerät hinzu, damit du nie ausgesperrt bist.",
    addWayIn: "Noch einen Zugang einrichten",
    noWayIn:
      "Du hast weder einen Passkey noch ein Passwort: Ohne eines davon kannst du dich nicht wieder anmelden.",
    usage: (used, quota) => `Du nutzt ${used} von ${quota}.`,
    showData: "Deine Daten ansehen",
    connected: "Verbundene Apps",
    noApps: "Noch keine. Öffne eine von denen unten, oder gib einer App deine Adresse.",
    allApps: "Alles über deine Apps",
    moreApps: (count) => `Alles über deine ${count} Apps`,
    since: (day) => `Verbunden seit ${day}`,
    sinceUntil: (since, until) => `Verbunden seit ${since}, bis ${until}`,
    open: "Öffne eine App mit deiner Adresse",
    about: {
      notes: "Notizen",
      writing: "Schreiben ohne Ablenkung",
      bookmarks: "Lesezeichen",
      browsing: "Alle deine Daten durchsehen",
    },
  },
  data: {
    title: "Daten",
    used: (used, quota) => `${used} von ${quota} sind belegt.`,
    free: (free, documents) => `${free} sind frei. Dokumente insgesamt: ${documents}.`,
    almostFull:
      "Es ist kaum noch Platz. Wenn er aus ist, können Apps lesen und löschen, aber nichts Neues speichern.",
    full: "Es ist kein Platz mehr: Apps können lesen und löschen, aber nichts Neues speichern.",
    bar: (parts) => `Belegung des Speichers nach Modul: ${parts.join(", ")}`,
    byModule: "Nach Modul",
    module: "Modul",
    private: "Privat",
    public: "Öffentlich",
    databases: "Datenbanken",
    documents: "Dokumente",
    other: "Außerhalb von Modulen",
    nothing: "Hier ist noch nichts. Was deine Apps für dich speichern, siehst du auf dieser Seite.",
    export: "Nimm deine Daten mit",
    exportWhat:
      "Ein ZIP-Archiv mit jedem Dokument, so wie es ist, und einer Liste von allen mit ihren Typen und Zeiten.",
    download: "Alles herunterladen",
    inParts: (documents) =>
      `Es ist viel: Das Archiv kommt in Teilen von je bis zu ${documents} Dokumenten.`,
    parts: "Die Teile des Archivs",
    toParts: "Teile zeigen",
    part: (number) => `Teil ${number} herunterladen`,
    from: (path) => `Nach ${path}`,
    fromFirst: "Von Anfang an",
    hasChanged: {
      title: "Vieles hat sich geändert",
      sentence:
        "Seit dieser Teil aufgelistet wurde, sind viele Dokumente dazugekommen. Geh zurück und nimm die Teile, die jetzt aufgelistet sind.",
    },
    toData: "Zurück zu deinen Daten",
  },
  databases: {
    title: "Datenbanken",
    what: "Manche Apps haben hier statt Dokumenten Datenbanken. Für jedes Modul wird etwas mehr Platz zurückgelegt, als seine Datenbanken halten. Frühere Fassungen und das Archiv gibt es nur für Dokumente.",
    inModule: (module) => `Im Modul ${module}`,
    silent:
      "Was hier liegt, lässt sich gerade nicht zeigen. Es ist da; versuch es in einer Weile noch einmal.",
    collection: "Sammlung",
    documents: "Dokumente",
    size: "Größe",
    version: (version) => `(Version ${version})`,
    own: "Von RxDB selbst",
    delete: "Datenbank löschen",
    deleteIt: (name, module) => `Datenbank ${name} von ${module} löschen`,
    question: "Diese Datenbank löschen?",
    goes: (name, module) => `Die Datenbank ${name} im Modul ${module}.`,
    holds: (documents, bytes) => `Dokumente: ${documents}; zusammen ${bytes}.`,
    forGood:
      "Das lässt sich nicht rückgängig machen. Eine App, die noch verbunden ist, kann sie neu anlegen, leer oder mit dem, was sie auf ihrem Gerät hat.",
    gone: {
      title: "Diese Datenbank gibt es nicht",
      sentence: "Diese Datenbank ist nicht da, oder nicht mehr.",
    },
  },
  activity: {
    title: "Verlauf",
    what: (days) =>
      `Was in deinem Konto geschah, das Neueste zuerst. Es wird ${days} aufbewahrt und dann vergessen. Zeiten sind in UTC.`,
    ifNotYou: "Wenn du etwas siehst, das nicht du warst, sieh nach bei",
    security: "deiner Sicherheit",
    time: "Zeit",
    deed: "Was",
    nothing: "Hier gibt es nichts zu sehen.",
    newest: "Zurück zum Neuesten",
  },
  settings: {
    title: "Einstellungen",
    language: "Sprache",
    languageWhat:
      "Die dieser Seiten, in diesem Browser. Deine Apps haben ihre eigene. Die Farben folgen deinem System, hell oder dunkel.",
    languageNow: (language) => `Zurzeit: ${language}`,
    about: "Was über dich aufbewahrt wird",
    aboutWhat:
      "Neben deinen Dokumenten und Datenbanken, deinen Apps und was sie nutzen, deinen Anmeldewegen, den angemeldeten Browsern und deinem letzten Verlauf ist das alles:",
    seen: "Zuletzt hier",
    name: "Name",
    address: "Adresse",
    since: "Konto seit",
    email: "E-Mail-Adresse",
    noEmail: "keine",
    domains: "Deine Domains",
    domainsWhat:
      "Auch sie stehen für dich. Wer diesen Anbieter betreibt, fügt sie hinzu und entfernt sie.",
    noDomains: "Keine. Wer diesen Anbieter betreibt, kann eine Domain von dir hinzufügen.",
    security: "Anmeldewege",
    securityWhat:
      "Passkeys, Passwort, Wiederherstellungscodes und die Browser, die angemeldet sind:",
    toSecurity: "Sicherheit",
    leave: "Gehen",
    leaveWhat: "Du kannst alles mitnehmen und dein Konto löschen.",
    export: "Nimm deine Daten mit",
    delete: "Lösche dein Konto",
  },
  deletion: {
    title: "Lösche dein Konto",
    question: "Das lässt sich nicht rückgängig machen. Was verschwindet:",
    goes: (documents, bytes) => [
      `alle deine Dokumente (${documents}), auch die öffentlichen und alle früheren Fassungen, und die Datenbanken deiner Apps: ${bytes}`,
      "der Zugang aller Apps und Geräte, sofort",
      "deine Anmeldewege, deine Sitzungen, dein Verlauf und deine E-Mail-Adresse",
    ],
    stays:
      "Dein Name bleibt vergeben, damit nie jemand anders deine Adresse bekommt. Bis das letzte Byte gelöscht ist, vergehen einige Stunden; erreichen kann es inzwischen niemand.",
    exportFirst: "Möchtest du etwas behalten?",
    export: "Nimm erst deine Daten mit",
    typeName: (name) => `Gib zur Bestätigung deinen Namen ein: ${name}`,
    problems: {
      "wrong-name": (name) => `Das ist nicht dein Name. Er ist ${name}.`,
      "last-administrator": () =>
        "Hier verwaltest nur du, deshalb wurde nichts gelöscht. Vertraue erst jemand anderem die Verwaltung an.",
    },
    delete: "Alles löschen",
    cancel: "Mein Konto behalten",
    done: {
      title: "Dein Konto ist gelöscht",
      sentence:
        "Du bist abgemeldet, deine Apps sind getrennt, und alles wird gelöscht. Mach’s gut!",
    },
  },
};

export const DASHBOARD_MESSAGES = { en, de };
