/** Messages of the dashboard in English. */

import type { Child } from "hono/jsx";
import { plural } from "../../ui/plural";

export const en = {
  welcome: {
    title: "Your data, anywhere",
    about:
      "Satchel keeps your apps’ data in storage that belongs to you. Apps that support remoteStorage ask for your address, you choose what they can access, and your data is never locked into them.",
    points: [
      "One address for all your apps, on all your devices.",
      "See what each app can access, and disconnect it at any time.",
      "Export everything or delete it, whenever you like.",
    ],
    signUp: "Create account",
    signIn: "Sign in",
    byInvitation: "Sign-up is by invitation. If you have one, open the link you were given.",
    closed: "Sign-up is closed.",
  },
  home: {
    title: "Home",
    address: "Your address",
    addressUse: "Enter it when an app asks where to store your data.",
    showQrCode: "Show QR code",
    qrCode: (address: string) => `QR code of ${address}`,
    noRecoveryCodes:
      "You have no recovery codes yet. They let you sign in if you lose your other sign-in methods.",
    createRecoveryCodes: "Create recovery codes",
    onlyOneMethod:
      "You have only one sign-in method. Add a passkey on another device, so that you don’t get locked out.",
    addMethod: "Add a sign-in method",
    noMethod: "You have no passkey and no password. Without one, you can’t sign in again.",
    usage: (used: string, quota: string) => `${used} of ${quota} used.`,
    showData: "View your data",
    connected: "Connected apps",
    noApps: "No apps yet. Open one of the apps below, or enter your address in any other.",
    manageApps: "Manage apps",
    manageAllApps: (count: string) => `Manage all ${count} apps`,
    connectedAt: (since: Child, until: Child | null): Child[] => [
      "Connected ",
      since,
      ...(until === null ? [] : [" · Access expires ", until]),
    ],
    suggested: "Apps to try",
    about: {
      notes: "Notes",
      writing: "Distraction-free writing",
      bookmarks: "Bookmarks",
      browsing: "Browse all your data",
    },
  },
  data: {
    title: "Data",
    used: (used: string, quota: string, free: string) => `${used} of ${quota} used, ${free} free.`,
    documentCount: (count: number, formatted: string) =>
      plural("en", count, { one: "1 document.", other: `${formatted} documents.` }),
    almostFull:
      "Your storage is almost full. Once it’s full, apps can read and delete, but not save anything new.",
    full: "Your storage is full. Apps can read and delete, but not save anything new.",
    chart: (parts: string[]) => `Usage by module: ${parts.join(", ")}`,
    byModule: "Usage by module",
    bin: "Deleted documents",
    goBack: "Go back in time",
    module: "Module",
    private: "Private",
    public: "Public",
    databases: "Databases",
    documents: "Documents",
    other: "Outside modules",
    otherModules: "Other modules",
    index: "Index of names and folders",
    toLargest: "To the largest modules",
    empty: "Nothing here yet. Data that your apps save shows up on this page.",
    transfer: "Export and import",
    transferAbout: "Export all your data, import it again, or move from or to another provider.",
    export: "Export",
    import: "Import",
    transferMore: "More options",
    inParts: (documents: string) =>
      `Each part is an archive of its own, with up to ${documents} documents and attachments, or pages of a database. Import all of them, one after the other.`,
    parts: "Export in parts",
    downloadPart: (number: string) => `Download part ${number}`,
    partStart: (path: string) => `Documents after ${path}.`,
    firstPart: "Documents from the beginning.",
    partDatabases: (modules: string) => `Databases of ${modules}.`,
    partOfEverything: "All documents and databases.",
    partsChanged: {
      title: "Your data has changed",
      sentence:
        "Much was added since this part was listed. Go back and download the parts that are listed now.",
    },
    backToData: "Back to your data",
    backToExport: "Back to the export",
  },
  databases: {
    title: "Databases",
    about:
      "Some apps store databases instead of documents. Each module reserves slightly more space than its databases need. An export includes them, but they have no earlier versions.",
    inModule: (module: string) => `Module ${module}`,
    unavailable:
      "These databases can’t be shown right now. They’re still there: try again in a few minutes.",
    collection: "Collection",
    documents: "Documents",
    size: "Size",
    version: (version: string) => `(version ${version})`,
    internal: "RxDB internal",
    delete: "Delete database",
    deleteLabel: (name: string, module: string) => `Delete database ${name} of ${module}`,
    confirmDeletion: {
      title: "Delete this database?",
      text: (name: string, module: string) => `Database ${name} in the module ${module}.`,
      contents: (count: number, formatted: string, bytes: string) =>
        plural("en", count, {
          one: `It contains 1 document (${bytes}).`,
          other: `It contains ${formatted} documents (${bytes}).`,
        }),
      warning:
        "This can’t be undone. An app that is still connected may create it again, empty or with the data on its device.",
    },
    notFound: {
      title: "Database not found",
      sentence: "This database doesn’t exist or has been deleted.",
    },
  },
  activity: {
    title: "Activity",
    about: (days: string) =>
      `What happened in your account, newest first. Entries are kept for ${days}.`,
    notYou: ["If you don’t recognize something, check your", "security settings", "."],
    time: "Time",
    event: "Event",
    empty: "No activity yet.",
    toNewest: "Back to the newest",
  },
  settings: {
    title: "Settings",
    language: "Language",
    languageAbout:
      "The language of these pages in this browser. Your apps have their own language settings. Light or dark mode follows your system.",
    currentLanguage: (language: string) => `Current language: ${language}`,
    account: "Your account",
    accountAbout:
      "This is what Satchel stores about you, besides your documents and databases, your apps and their usage, your sign-in methods, your active sessions, your recent activity and your public profile:",
    seen: "Last active",
    name: "Name",
    address: "Address",
    created: "Created",
    email: "Email address",
    noEmail: "None",
    profile: "Public profile",
    profileAbout:
      "Apps can show a name and a picture for you. Both are optional, and public: anybody who knows your address can see them, without signing in.",
    displayName: "Display name",
    picture: "Address of a picture",
    pictureRule:
      "Starts with https://, such as that of a document in your public folder. Leave it empty for none.",
    saveProfile: "Save profile",
    profileSaved: "Your public profile is saved.",
    profileProblems: {
      displayName: (max: number) =>
        `Choose a name of at most ${max} characters, without invisible ones.`,
      picture: (max: number) =>
        `The address of the picture must start with https:// and have at most ${max} characters and no password.`,
    },
    domains: "Your domains",
    domainsAbout: "You can use these as your address, too.",
    noDomains:
      "With a domain of your own, your address stays the same even if you change to another provider.",
    manageDomains: "Manage your domains",
    signInMethods: "Sign-in methods",
    signInMethodsAbout: [
      "Manage your passkeys, password, recovery codes and active sessions under",
      "Security",
      ".",
    ],
    leave: "Export or delete",
    leaveAbout: "You can export all your data, and delete your account.",
    export: "Export your data",
    delete: "Delete account",
  },
  deletion: {
    title: "Delete account",
    warning: "This can’t be undone. It removes:",
    deleted: (documents: string, bytes: string) => [
      `all your documents (${documents}), including public ones and earlier versions, and your apps’ databases: ${bytes} in total`,
      "the access of all your apps and devices",
      "your sign-in methods, sessions, activity, public profile and email address",
    ],
    kept: "Nobody has access any more once you confirm; erasing everything takes a few hours. Your name stays reserved, so that nobody else ever gets your address.",
    exportFirst: "Want to keep something?",
    export: "Export your data first",
    typeName: (name: string) => `Type your name, ${name}, to confirm`,
    problems: {
      "wrong-name": (name: string) => `That’s not your name. Type ${name}.`,
      "last-administrator": () =>
        "You’re the only administrator, so nothing was deleted. Make someone else an administrator first.",
    },
    delete: "Delete permanently",
    cancel: "Keep my account",
    done: {
      title: "Account deleted",
      sentence:
        "You’re signed out, your apps are disconnected, and your data is being erased. Take care!",
    },
  },
};
