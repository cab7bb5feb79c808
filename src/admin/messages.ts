/** What the pages of administration say. */

import type { AccountAct } from "./accounts";
import type { Act } from "./log";

/** A question before an act, and the button that does it. */
interface Question {
  title: (name: string) => string;
  text: string;
  button: string;
}

const en = {
  title: "Administration",
  nav: {
    "/admin": "Overview",
    "/admin/accounts": "Accounts",
    "/admin/invitations": "Invitations",
    "/admin/settings": "Settings in force",
    "/admin/log": "Log",
  },
  none: "none",
  never: "never",
  overview: {
    accounts: "Accounts",
    fresh: "New this month",
    suspended: "Suspended",
    documents: "Documents",
    bytes: "Stored",
    traffic: (days: string) => `The last ${days}`,
    requests: "Requests",
    errors: "Errors on our side",
    chart: (what: string, sum: string, days: string, most: string) =>
      `${what}: ${sum} in ${days} days, at most ${most} on one day`,
    late: "Counted about once a minute; days are UTC.",
  },
  accounts: {
    search: "Name begins with",
    show: "Show",
    states: { all: "all accounts", suspended: "suspended ones", administrators: "administrators" },
    find: "Search",
    nobody: "There is no such account.",
    name: "Name",
    used: "Used",
    quota: "Quota",
    documents: "Documents",
    seen: "Last here",
    since: "Since",
    state: "State",
    active: "active",
    administrator: "administrator",
    suspendedSince: (day: string) => `suspended since ${day}`,
    ofProvider: (quota: string) => `${quota} (as usual)`,
    blind: "You see how much somebody stores, never what or by which app.",
    acts: "What you can do",
    gone: {
      title: "Nothing was done",
      sentence: "This cannot be done with this account, or not any more.",
    },
    noSuch: { title: "No such account", sentence: "There is no account of this name." },
    toAccount: "To the account",
  },
  questions: {
    suspend: {
      title: (name) => `Suspend ${name}?`,
      text: "They cannot sign in and their apps are refused, and nobody can read their public documents, until you resume the account. Nothing is deleted.",
      button: "Suspend",
    },
    resume: {
      title: (name) => `Resume ${name}?`,
      text: "They can sign in again, and their apps work as before.",
      button: "Resume",
    },
    quota: {
      title: (name) => `Quota of ${name}`,
      text: "How much the documents of this account may hold in all.",
      button: "Set the quota",
    },
    "reset-link": {
      title: (name) => `Reset link for ${name}?`,
      text: "Whoever opens the link can choose a new way to sign in, and the old ways end. Give it to nobody but the person, on a way that you trust. It works once, within 24 hours.",
      button: "Make the link",
    },
    "make-administrator": {
      title: (name) => `Make ${name} an administrator?`,
      text: "Administrators can do all that you can do here.",
      button: "Make administrator",
    },
    "unmake-administrator": {
      title: (name) => `Take administration away from ${name}?`,
      text: "The account stays as it is otherwise.",
      button: "Take it away",
    },
    delete: {
      title: (name) => `Delete ${name}?`,
      text: "All documents of this account are erased, all apps are disconnected, and the name is never given to anybody again. This cannot be undone.",
      button: "Delete for ever",
    },
  } satisfies Record<AccountAct, Question> as Record<AccountAct, Question>,
  actOnAccount: (button: string, name: string) => `${button}: ${name}`,
  deleteName: (name: string) => `To confirm, type the name: ${name}`,
  wrongName: "This is not the name of the account; nothing was deleted.",
  quotaField: "Quota",
  quotaHint: (usual: string) => `Such as 500 MB or 5 GB. Empty: the usual quota, ${usual}.`,
  badQuota: "This is no amount of bytes: write 500 MB or 5 GB, or leave it empty.",
  resetLink: {
    title: (name: string) => `Reset link for ${name}`,
    text: "It is shown only now, works once, and ends after 24 hours.",
  },
  invitations: {
    make: "Invite somebody",
    note: "For whom it is",
    noteHint: "Only administrators see this.",
    uses: "How many people may use it",
    days: "Days until it ends",
    isAdmin: "Whoever uses it becomes an administrator",
    button: "Make the invitation",
    bad: (uses: string, days: string) =>
      `Say for whom it is, for 1 to ${uses} people and 1 to ${days} days.`,
    made: "Your invitation",
    once: "The link is shown only now: copy it before you leave this page.",
    used: (uses: string, most: string) => `${uses} of ${most} used`,
    until: (day: string) => `until ${day}`,
    over: "over",
    administrator: "makes administrators",
    withQuota: (quota: string) => `quota ${quota}`,
    revoke: "Revoke",
    revokeOf: (note: string) => `Revoke the invitation for ${note}`,
    revokeTitle: "Revoke this invitation?",
    revokeText: (note: string) =>
      `Nobody can sign up with the invitation for ${note} any more. Those who did so stay.`,
    nobody: "Nobody is invited at the moment.",
    noSuch: { title: "No such invitation", sentence: "There is no such invitation." },
    toList: "To the invitations",
    list: "Invitations",
  },
  settings: {
    text: "They are read from the deployment (wrangler.toml, secrets) when the provider starts.",
    set: "set",
    notSet: "not set",
    name: "Setting",
    value: "Value",
  },
  log: {
    text: (days: string) =>
      `What administrators did, the newest first. It is kept for ${days}, then forgotten.`,
    nothing: "Nothing yet.",
    when: "When",
    who: "Who",
    what: "What",
  },
  acts: {
    "set-up": () => "became an administrator by the set-up link",
    suspended: (_, account) => `suspended ${account}`,
    resumed: (_, account) => `resumed ${account}`,
    "quota-changed": (_, account, quota) => `set the quota of ${account}: ${quota ?? "as usual"}`,
    "reset-link-made": (_, account) => `made a reset link for ${account}`,
    "administrator-made": (_, account) => `made ${account} an administrator`,
    "administrator-unmade": (_, account) => `made ${account} no longer an administrator`,
    "account-deleted": (_, account) => `deleted ${account}`,
    "invitation-made": (act, _, quota) =>
      [
        `invited ${act.note} (${act.maxUses})`,
        ...(act.isAdmin ? ["as administrator"] : []),
        ...(quota === null ? [] : [`quota ${quota}`]),
      ].join(", "),
    "invitation-revoked": (act) => `revoked the invitation for ${act.note}`,
  } satisfies ActWords as ActWords,
  setUp: {
    title: "Set up this provider",
    question: (name: string) => `Make ${name} an administrator?`,
    text: "Administrators invite people, set quotas, and can suspend and delete accounts. They see nobody's documents. This link works once.",
    button: (name: string) => `Make ${name} an administrator`,
    stranger: "This link makes one account that of an administrator. Whose is it to be?",
    signUp: "Make a new account",
    signIn: "Sign in to mine",
    bad: {
      title: "This link does not work",
      sentence: "It was used already, or it is too old, or a part of it is missing.",
    },
  },
};

/** The sentence of each act in the log, after the name of who did it. */
type ActWords = {
  [Kind in Act["kind"]]: (
    act: Extract<Act, { kind: Kind }>,
    account: string,
    quota: string | null,
  ) => string;
};

const de: typeof en = {
  title: "Verwaltung",
  nav: {
    "/admin": "Überblick",
    "/admin/accounts": "Konten",
    "/admin/invitations": "Einladungen",
    "/admin/settings": "Geltende Einstellungen",
    "/admin/log": "Protokoll",
  },
  none: "keine",
  never: "nie",
  overview: {
    accounts: "Konten",
    fresh: "Neu in diesem Monat",
    suspended: "Gesperrt",
    documents: "Dokumente",
    bytes: "Gespeichert",
    traffic: (days) => `Die letzten ${days}`,
    requests: "Anfragen",
    errors: "Fehler auf unserer Seite",
    chart: (what, sum, days, most) =>
      `${what}: ${sum} in ${days} Tagen, höchstens ${most} an einem Tag`,
    late: "Etwa einmal in der Minute gezählt; Tage nach UTC.",
  },
  accounts: {
    search: "Name beginnt mit",
    show: "Zeigen",
    states: { all: "alle Konten", suspended: "gesperrte", administrators: "die der Verwaltung" },
    find: "Suchen",
    nobody: "Ein solches Konto gibt es nicht.",
    name: "Name",
    used: "Belegt",
    quota: "Speicherplatz",
    documents: "Dokumente",
    seen: "Zuletzt da",
    since: "Seit",
    state: "Zustand",
    active: "aktiv",
    administrator: "Verwaltung",
    suspendedSince: (day) => `gesperrt seit ${day}`,
    ofProvider: (quota) => `${quota} (wie üblich)`,
    blind: "Du siehst, wie viel jemand speichert, nie was oder mit welcher App.",
    acts: "Was du tun kannst",
    gone: {
      title: "Nichts ist geschehen",
      sentence: "Das geht mit diesem Konto nicht, oder nicht mehr.",
    },
    noSuch: { title: "Kein solches Konto", sentence: "Es gibt kein Konto mit diesem Namen." },
    toAccount: "Zum Konto",
  },
  questions: {
    suspend: {
      title: (name) => `${name} sperren?`,
      text: "Die Person kann sich nicht anmelden, ihre Apps werden abgewiesen, und niemand kann ihre öffentlichen Dokumente lesen, bis du das Konto wieder öffnest. Gelöscht wird nichts.",
      button: "Sperren",
    },
    resume: {
      title: (name) => `${name} wieder öffnen?`,
      text: "Die Person kann sich wieder anmelden, und ihre Apps gehen wie zuvor.",
      button: "Wieder öffnen",
    },
    quota: {
      title: (name) => `Speicherplatz von ${name}`,
      text: "Wie viel die Dokumente dieses Kontos zusammen belegen dürfen.",
      button: "Speicherplatz festlegen",
    },
    "reset-link": {
      title: (name) => `Link zum Zurücksetzen für ${name}?`,
      text: "Wer den Link öffnet, kann einen neuen Weg zum Anmelden wählen, und die alten Wege enden. Gib ihn nur der Person selbst, auf einem Weg, dem du vertraust. Er gilt einmal, 24 Stunden lang.",
      button: "Link erstellen",
    },
    "make-administrator": {
      title: (name) => `${name} die Verwaltung anvertrauen?`,
      text: "Wer verwaltet, kann alles tun, was du hier tun kannst.",
      button: "Verwaltung anvertrauen",
    },
    "unmake-administrator": {
      title: (name) => `${name} die Verwaltung entziehen?`,
      text: "Das Konto bleibt sonst, wie es ist.",
      button: "Verwaltung entziehen",
    },
    delete: {
      title: (name) => `${name} löschen?`,
      text: "Alle Dokumente dieses Kontos werden gelöscht, alle Apps getrennt, und der Name wird nie wieder vergeben. Das lässt sich nicht rückgängig machen.",
      button: "Endgültig löschen",
    },
  },
  actOnAccount: (button, name) => `${button}: ${name}`,
  deleteName: (name) => `Gib zur Bestätigung den Namen ein: ${name}`,
  wrongName: "Das ist nicht der Name des Kontos; nichts wurde gelöscht.",
  quotaField: "Speicherplatz",
  quotaHint: (usual) => `Etwa 500 MB oder 5 GB. Leer: so viel wie üblich, ${usual}.`,
  badQuota: "Das ist keine Menge an Bytes: schreibe 500 MB oder 5 GB, oder lass es leer.",
  resetLink: {
    title: (name) => `Link zum Zurücksetzen für ${name}`,
    text: "Er wird nur jetzt gezeigt, gilt einmal und endet nach 24 Stunden.",
  },
  invitations: {
    make: "Jemanden einladen",
    note: "Für wen sie ist",
    noteHint: "Das sieht nur die Verwaltung.",
    uses: "Wie viele Menschen sie verwenden dürfen",
    days: "Tage, bis sie endet",
    isAdmin: "Wer sie verwendet, gehört zur Verwaltung",
    button: "Einladung erstellen",
    bad: (uses, days) =>
      `Sage, für wen sie ist, für 1 bis ${uses} Menschen und 1 bis ${days} Tage.`,
    made: "Deine Einladung",
    once: "Der Link wird nur jetzt gezeigt: kopiere ihn, bevor du diese Seite verlässt.",
    used: (uses, most) => `${uses} von ${most} verwendet`,
    until: (day) => `bis ${day}`,
    over: "beendet",
    administrator: "für die Verwaltung",
    withQuota: (quota) => `Speicherplatz ${quota}`,
    revoke: "Zurückziehen",
    revokeOf: (note) => `Die Einladung für ${note} zurückziehen`,
    revokeTitle: "Diese Einladung zurückziehen?",
    revokeText: (note) =>
      `Niemand kann sich mehr mit der Einladung für ${note} registrieren. Wer das getan hat, bleibt.`,
    nobody: "Zurzeit ist niemand eingeladen.",
    noSuch: { title: "Keine solche Einladung", sentence: "Es gibt keine solche Einladung." },
    toList: "Zu den Einladungen",
    list: "Einladungen",
  },
  settings: {
    text: "Sie stehen in der Installation (wrangler.toml, Geheimnisse) und werden beim Start gelesen.",
    set: "gesetzt",
    notSet: "nicht gesetzt",
    name: "Einstellung",
    value: "Wert",
  },
  log: {
    text: (days) =>
      `Was die Verwaltung getan hat, das Neueste zuerst. Es wird ${days} aufbewahrt und dann vergessen.`,
    nothing: "Noch nichts.",
    when: "Wann",
    who: "Wer",
    what: "Was",
  },
  acts: {
    "set-up": () => "hat mit dem Link zum Einrichten die Verwaltung übernommen",
    suspended: (_, account) => `hat ${account} gesperrt`,
    resumed: (_, account) => `hat ${account} wieder geöffnet`,
    "quota-changed": (_, account, quota) =>
      `hat den Speicherplatz von ${account} festgelegt: ${quota ?? "wie üblich"}`,
    "reset-link-made": (_, account) => `hat einen Link zum Zurücksetzen für ${account} erstellt`,
    "administrator-made": (_, account) => `hat ${account} die Verwaltung anvertraut`,
    "administrator-unmade": (_, account) => `hat ${account} die Verwaltung entzogen`,
    "account-deleted": (_, account) => `hat ${account} gelöscht`,
    "invitation-made": (act, _, quota) =>
      [
        `hat ${act.note} eingeladen (${act.maxUses})`,
        ...(act.isAdmin ? ["für die Verwaltung"] : []),
        ...(quota === null ? [] : [`Speicherplatz ${quota}`]),
      ].join(", "),
    "invitation-revoked": (act) => `hat die Einladung für ${act.note} zurückgezogen`,
  },
  setUp: {
    title: "Diesen Anbieter einrichten",
    question: (name) => `${name} die Verwaltung anvertrauen?`,
    text: "Wer verwaltet, lädt Menschen ein, legt den Speicherplatz fest und kann Konten sperren und löschen. Niemandes Dokumente sind zu sehen. Dieser Link gilt einmal.",
    button: (name) => `${name} die Verwaltung anvertrauen`,
    stranger: "Dieser Link macht ein Konto zu dem der Verwaltung. Wessen soll es sein?",
    signUp: "Ein neues Konto anlegen",
    signIn: "Mit meinem anmelden",
    bad: {
      title: "Dieser Link gilt nicht",
      sentence: "Er wurde schon verwendet, ist zu alt, oder ein Teil von ihm fehlt.",
    },
  },
};

export const ADMIN_MESSAGES = { en, de };
