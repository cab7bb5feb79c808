/** Messages of the dashboard in German. */

import { plural } from "../../ui/plural";
import type { en } from "./en";

export const de: typeof en = {
  welcome: {
    title: "Deine Daten, überall",
    about:
      "Satchel bewahrt die Daten deiner Apps in einem Speicher auf, der dir gehört. Apps, die remoteStorage unterstützen, fragen nach deiner Adresse, du entscheidest, worauf sie zugreifen dürfen, und deine Daten sind an keine App gebunden.",
    points: [
      "Eine Adresse für alle deine Apps, auf allen deinen Geräten.",
      "Du siehst, worauf jede App zugreift, und kannst sie jederzeit trennen.",
      "Du kannst alles exportieren oder löschen, wann immer du willst.",
    ],
    signUp: "Konto erstellen",
    signIn: "Anmelden",
    byInvitation:
      "Registrieren kannst du dich hier mit einer Einladung. Wenn du eine hast, öffne den Link, den du bekommen hast.",
    closed: "Die Registrierung ist geschlossen.",
  },
  home: {
    title: "Start",
    address: "Deine Adresse",
    addressUse: "Gib sie ein, wenn eine App fragt, wo sie deine Daten speichern soll.",
    showQrCode: "QR-Code anzeigen",
    qrCode: (address) => `QR-Code von ${address}`,
    noRecoveryCodes:
      "Du hast noch keine Wiederherstellungscodes. Mit ihnen kannst du dich anmelden, wenn du deine anderen Anmeldemethoden verlierst.",
    createRecoveryCodes: "Wiederherstellungscodes erstellen",
    onlyOneMethod:
      "Du hast nur eine Anmeldemethode. Füge auf einem anderen Gerät einen Passkey hinzu, damit du dich nicht aussperrst.",
    addMethod: "Anmeldemethode hinzufügen",
    noMethod:
      "Du hast weder einen Passkey noch ein Passwort. Ohne eins davon kannst du dich nicht wieder anmelden.",
    usage: (used, quota) => `${used} von ${quota} belegt.`,
    showData: "Deine Daten ansehen",
    connected: "Verbundene Apps",
    noApps:
      "Noch keine Apps. Öffne eine der Apps unten oder gib deine Adresse in einer anderen ein.",
    manageApps: "Apps verwalten",
    manageAllApps: (count) => `Alle ${count} Apps verwalten`,
    connectedAt: (since, until) => [
      "Verbunden: ",
      since,
      ...(until === null ? [] : [" · Zugriff endet: ", until]),
    ],
    suggested: "Apps zum Ausprobieren",
    about: {
      notes: "Notizen",
      writing: "Schreiben ohne Ablenkung",
      bookmarks: "Lesezeichen",
      browsing: "Alle deine Daten durchsehen",
    },
  },
  data: {
    title: "Daten",
    used: (used, quota, free) => `${used} von ${quota} belegt, ${free} frei.`,
    documentCount: (count, formatted) =>
      plural("de", count, { one: "1 Dokument.", other: `${formatted} Dokumente.` }),
    almostFull:
      "Dein Speicher ist fast voll. Wenn er voll ist, können Apps lesen und löschen, aber nichts Neues speichern.",
    full: "Dein Speicher ist voll. Apps können lesen und löschen, aber nichts Neues speichern.",
    chart: (parts) => `Belegung nach Modul: ${parts.join(", ")}`,
    byModule: "Belegung nach Modul",
    bin: "Gelöschte Dokumente",
    goBack: "In der Zeit zurückgehen",
    module: "Modul",
    private: "Privat",
    public: "Öffentlich",
    databases: "Daten\u00adbanken",
    documents: "Dokumente",
    other: "Außerhalb von Modulen",
    otherModules: "Andere Module",
    index: "Verzeichnis der Namen und Ordner",
    toLargest: "Zu den größten Modulen",
    empty: "Hier ist noch nichts. Was deine Apps speichern, siehst du auf dieser Seite.",
    transfer: "Export und Import",
    transferAbout:
      "Exportiere alle deine Daten, importiere sie wieder, oder zieh von einem anderen Anbieter hierher oder zu einem um.",
    export: "Exportieren",
    import: "Importieren",
    transferMore: "Mehr",
    inParts: (documents) =>
      `Jeder Teil ist ein eigenes Archiv mit bis zu ${documents} Dokumenten und Anhängen oder Seiten einer Datenbank. Importiere sie alle, einen nach dem anderen.`,
    parts: "Export in Teilen",
    downloadPart: (number) => `Teil ${number} herunterladen`,
    partStart: (path) => `Dokumente nach ${path}.`,
    firstPart: "Dokumente vom Anfang an.",
    partDatabases: (modules) => `Datenbanken von ${modules}.`,
    partOfEverything: "Alle Dokumente und Datenbanken.",
    partsChanged: {
      title: "Deine Daten haben sich geändert",
      sentence:
        "Seit dieser Teil aufgelistet wurde, ist viel dazugekommen. Geh zurück und lade die Teile herunter, die jetzt aufgelistet sind.",
    },
    backToData: "Zurück zu deinen Daten",
    backToExport: "Zurück zum Export",
  },
  databases: {
    title: "Datenbanken",
    about:
      "Manche Apps speichern Datenbanken statt Dokumenten. Jedes Modul reserviert etwas mehr Platz, als seine Datenbanken brauchen. Ein Export enthält sie, aber frühere Versionen haben sie nicht.",
    inModule: (module) => `Modul ${module}`,
    unavailable:
      "Diese Datenbanken lassen sich gerade nicht anzeigen. Sie sind noch da: Versuche es in ein paar Minuten noch einmal.",
    collection: "Collection",
    documents: "Dokumente",
    size: "Größe",
    version: (version) => `(Version ${version})`,
    internal: "RxDB-intern",
    delete: "Datenbank löschen",
    deleteLabel: (name, module) => `Datenbank löschen: ${name} von ${module}`,
    confirmDeletion: {
      title: "Diese Datenbank löschen?",
      text: (name, module) => `Datenbank ${name} im Modul ${module}.`,
      contents: (count, formatted, bytes) =>
        plural("de", count, {
          one: `Sie enthält 1 Dokument (${bytes}).`,
          other: `Sie enthält ${formatted} Dokumente (${bytes}).`,
        }),
      warning:
        "Das lässt sich nicht rückgängig machen. Eine App, die noch verbunden ist, kann sie neu anlegen: leer oder mit den Daten auf ihrem Gerät.",
    },
    notFound: {
      title: "Datenbank nicht gefunden",
      sentence: "Diese Datenbank gibt es nicht, oder sie wurde gelöscht.",
    },
  },
  activity: {
    title: "Verlauf",
    about: (days) =>
      `Was in deinem Konto passiert ist, das Neueste zuerst. Einträge werden ${days} lang aufbewahrt.`,
    notYou: ["Wenn dir etwas unbekannt vorkommt, prüfe deine", "Sicherheitseinstellungen", "."],
    time: "Zeit",
    event: "Ereignis",
    empty: "Der Verlauf ist noch leer.",
    toNewest: "Zurück zum Neuesten",
  },
  settings: {
    title: "Einstellungen",
    language: "Sprache",
    languageAbout:
      "Die Sprache dieser Seiten in diesem Browser. Deine Apps haben ihre eigenen Spracheinstellungen. Ob hell oder dunkel, richtet sich nach deinem System.",
    currentLanguage: (language) => `Aktuelle Sprache: ${language}`,
    account: "Dein Konto",
    accountAbout:
      "Das speichert Satchel über dich, neben deinen Dokumenten und Datenbanken, deinen Apps und ihrer Nutzung, deinen Anmeldemethoden, deinen aktiven Sitzungen, deinem Verlauf und deinem öffentlichen Profil:",
    seen: "Zuletzt aktiv",
    name: "Name",
    address: "Adresse",
    created: "Erstellt",
    email: "E-Mail-Adresse",
    noEmail: "Keine",
    profile: "Öffentliches Profil",
    profileAbout:
      "Apps können einen Namen und ein Bild von dir zeigen. Beide sind freiwillig und öffentlich: Alle, die deine Adresse kennen, können sie ohne Anmeldung sehen.",
    displayName: "Anzeigename",
    picture: "Adresse eines Bildes",
    pictureRule:
      "Beginnt mit https://, zum Beispiel die eines Dokuments in deinem öffentlichen Ordner. Ohne Bild bleibt das Feld leer.",
    saveProfile: "Profil speichern",
    profileSaved: "Dein öffentliches Profil ist gespeichert.",
    profileProblems: {
      displayName: (max) => `Wähle einen Namen mit höchstens ${max} Zeichen, ohne unsichtbare.`,
      picture: (max) =>
        `Die Adresse des Bildes muss mit https:// beginnen und darf höchstens ${max} Zeichen und kein Passwort enthalten.`,
    },
    domains: "Deine Domains",
    domainsAbout: "Auch sie kannst du als Adresse verwenden.",
    noDomains:
      "Mit einer eigenen Domain bleibt deine Adresse gleich, auch wenn du zu einem anderen Anbieter wechselst.",
    manageDomains: "Domains verwalten",
    signInMethods: "Anmeldemethoden",
    signInMethodsAbout: [
      "Passkeys, Passwort, Wiederherstellungscodes und aktive Sitzungen verwaltest du unter",
      "Sicherheit",
      ".",
    ],
    leave: "Exportieren oder löschen",
    leaveAbout: "Du kannst alle deine Daten exportieren und dein Konto löschen.",
    export: "Daten exportieren",
    delete: "Konto löschen",
  },
  deletion: {
    title: "Konto löschen",
    warning: "Das lässt sich nicht rückgängig machen. Du verlierst:",
    deleted: (documents, bytes) => [
      `alle deine Dokumente (${documents}), auch die öffentlichen und frühere Versionen, und die Datenbanken deiner Apps: zusammen ${bytes}`,
      "die Verbindungen zu allen deinen Apps und Geräten",
      "deine Anmeldemethoden, deine Sitzungen, deinen Verlauf, dein öffentliches Profil und deine E-Mail-Adresse",
    ],
    kept: "Sobald du bestätigst, hat niemand mehr Zugriff; bis alles gelöscht ist, vergehen einige Stunden. Dein Name bleibt reserviert, damit nie jemand anders deine Adresse bekommt.",
    exportFirst: "Möchtest du etwas behalten?",
    export: "Exportiere erst deine Daten",
    typeName: (name) => `Gib zur Bestätigung deinen Namen ein: ${name}`,
    problems: {
      "wrong-name": (name) => `Das ist nicht dein Name. Gib ${name} ein.`,
      "last-administrator": () =>
        "Nur du hast Admin-Rechte, deshalb wurde nichts gelöscht. Gib sie erst einem anderen Konto.",
    },
    delete: "Endgültig löschen",
    cancel: "Mein Konto behalten",
    done: {
      title: "Konto gelöscht",
      sentence:
        "Du bist abgemeldet, deine Apps sind getrennt und deine Daten werden gelöscht. Mach’s gut!",
    },
  },
};
