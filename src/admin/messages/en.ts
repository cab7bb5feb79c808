/** Messages of the administration pages in English. */

import type { Child } from "hono/jsx";
import { formatCount } from "../../ui/format";
import { plural } from "../../ui/plural";
import type { AccountAction } from "../account-actions";
import type { AdminAction } from "../admin-action";

/** The messages of the form that confirms an action. */
interface ActionMessages {
  title: (name: string) => string;
  text: string;
  button: string;
}

/** What the audit log says of each kind of action, after the administrator's name. */
type LogMessages = {
  [Kind in AdminAction["kind"]]: (
    action: Extract<AdminAction, { kind: Kind }>,
    account: string,
    quota: string | null,
  ) => string;
};

const accountActions: Record<AccountAction, ActionMessages> = {
  suspend: {
    title: (name) => `Suspend ${name}?`,
    text: "The user can’t sign in, apps lose access, and public documents are unavailable until you resume the account. Nothing is deleted.",
    button: "Suspend",
  },
  resume: {
    title: (name) => `Resume ${name}?`,
    text: "The user can sign in again, and apps regain access.",
    button: "Resume",
  },
  quota: {
    title: (name) => `Quota of ${name}`,
    text: "How much space the documents and databases of this account may use together.",
    button: "Change quota",
  },
  "reset-link": {
    title: (name) => `Create a sign-in reset link for ${name}?`,
    text: "Anyone who has the link can set up a new sign-in method, which removes all others. Send it only to the account’s owner, over a channel you trust. It works once, within 24 hours.",
    button: "Create reset link",
  },
  "make-administrator": {
    title: (name) => `Make ${name} an administrator?`,
    text: "Administrators can do everything that you can do here.",
    button: "Make administrator",
  },
  "unmake-administrator": {
    title: (name) => `Remove the administrator role from ${name}?`,
    text: "Nothing else about the account changes. All open administrator invitations and reset links are revoked.",
    button: "Remove administrator role",
  },
  delete: {
    title: (name) => `Delete ${name}?`,
    text: "All documents and databases of this account are erased, and all apps are disconnected. The name can never be used again. This can’t be undone.",
    button: "Delete permanently",
  },
};

const logActions: LogMessages = {
  "set-up": () => "became an administrator with the set-up link",
  suspended: (_, account) => `suspended ${account}`,
  resumed: (_, account) => `resumed ${account}`,
  "quota-changed": (_, account, quota) =>
    `set the quota of ${account} to ${quota ?? "the default"}`,
  "reset-link-made": (_, account) => `created a sign-in reset link for ${account}`,
  "administrator-made": (_, account) => `made ${account} an administrator`,
  "administrator-unmade": (_, account) => `removed the administrator role from ${account}`,
  "account-deleted": (_, account) => `deleted ${account}`,
  "domain-removed": ({ host }, account) => `removed the domain ${host} from ${account}`,
  "invitation-made": ({ note, maxUses, isAdmin }, _, quota) =>
    [
      `created an invitation for ${note}`,
      plural("en", maxUses, { one: "1 use", other: `${formatCount("en", maxUses)} uses` }),
      ...(isAdmin ? ["grants the administrator role"] : []),
      ...(quota === null ? [] : [`quota ${quota}`]),
    ].join(", "),
  "invitation-revoked": ({ note }) => `revoked the invitation for ${note}`,
};

export const en = {
  title: "Administration",
  nav: {
    "/admin": "Overview",
    "/admin/accounts": "Accounts",
    "/admin/domains": "Domains",
    "/admin/invitations": "Invitations",
    "/admin/settings": "Configuration",
    "/admin/log": "Audit log",
  },
  overview: {
    accounts: "Accounts",
    newThisMonth: "New this month",
    suspended: "Suspended",
    documents: "Documents",
    usedBytes: "Storage used",
    traffic: (days: string) => `Last ${days}`,
    requests: "Requests",
    errors: "Server errors",
    chart: (name: string, total: string, days: string, peak: string) =>
      `${name}: ${total} in ${days} days, at most ${peak} in one day`,
    delay: "Updated about once a minute. Days are in UTC.",
  },
  accounts: {
    search: "Name starts with",
    filter: "Show",
    states: { all: "All accounts", suspended: "Suspended", administrators: "Administrators" },
    find: "Search",
    noResults: "No accounts found.",
    name: "Name",
    used: "Used",
    quota: "Quota",
    documents: "Documents",
    lastSeen: "Last active",
    never: "Never",
    created: "Created",
    status: "Status",
    active: "Active",
    administrator: "administrator",
    suspended: (day: Child): Child[] => ["Suspended ", day],
    defaultQuota: (quota: string) => `${quota} (default)`,
    privacyNote: "You can see how much an account stores, but not what, or which apps it uses.",
    actions: "Actions",
    unavailable: {
      title: "Action not available",
      sentence:
        "This action is not, or no longer, available for this account. Nothing was changed.",
    },
    notFound: { title: "Account not found", sentence: "There is no account with this name." },
    backToAccount: "Back to the account",
  },
  accountActions,
  actionLabel: (button: string, name: string) => `${button}: ${name}`,
  confirmName: (name: string) => `Type ${name} to confirm`,
  wrongName: "The name doesn’t match. Nothing was deleted.",
  quotaField: "Quota",
  quotaHint: (quota: string) =>
    `For example 500 MB or 5 GB. Leave empty for the default, ${quota}.`,
  invalidQuota: "Enter a size such as 500 MB or 5 GB, or leave the field empty.",
  resetLink: {
    title: (name: string) => `Sign-in reset link for ${name}`,
    text: "Copy the link now: it won’t be shown again. It works once, within 24 hours.",
  },
  domains: {
    about:
      "Domains that users have added, or that you have given them. They are parts of addresses.",
    none: "No domains.",
    states: {
      verified: (day: Child): Child[] => ["proved, last on ", day],
      failing: (day: Child): Child[] => ["no longer proved since ", day],
      claimed: (day: Child): Child[] => ["not proved, added on ", day],
      given: "given by the operator",
    },
    hostname: {
      none: "at Cloudflare: nothing yet",
      host: (status: string) => `at Cloudflare: ${status}`,
      certificate: (status: string) => `certificate: ${status}`,
      problem: (problem: string) => `last call failed: ${problem}`,
    },
    remove: "Remove",
    removeLabel: (host: string, name: string) => `Remove ${host} from ${name}`,
    removeTitle: (host: string, name: string) => `Remove ${host} from ${name}?`,
    removeText:
      "The address with this domain stops working. The account stays as it is, and its user can add the domain again with proof.",
    notFound: { title: "Domain not found", sentence: "The account doesn’t have this domain." },
  },
  invitations: {
    list: "Invitations",
    none: "No invitations.",
    invite: "Invite someone",
    note: "Recipient",
    noteHint: "Only administrators can see this.",
    uses: "Number of uses",
    days: "Valid for (days)",
    isAdmin: "New accounts become administrators",
    create: "Create invitation",
    invalid: (uses: string, days: string) =>
      `Enter a recipient, 1 to ${uses} uses and 1 to ${days} days.`,
    created: "Invitation created",
    copyNow: "Copy the link now: it won’t be shown again.",
    used: (uses: string, maxUses: string) => `${uses} of ${maxUses} used`,
    expires: (day: Child): Child[] => ["expires ", day],
    ended: "no longer valid",
    administrator: "grants the administrator role",
    withQuota: (quota: string) => `quota ${quota}`,
    revoke: "Revoke",
    revokeLabel: (note: string) => `Revoke the invitation for ${note}`,
    revokeTitle: "Revoke this invitation?",
    revokeText: (note: string) =>
      `Nobody can sign up with the invitation for ${note} any more. Existing accounts stay.`,
    notFound: { title: "Invitation not found", sentence: "There is no such invitation." },
    backToList: "Back to invitations",
  },
  configuration: {
    text: "Read when Satchel starts (wrangler.toml and secrets).",
    set: "set",
    notSet: "not set",
    name: "Setting",
    value: "Value",
  },
  auditLog: {
    text: (days: number) =>
      `What administrators did, newest first. Entries are deleted after ${plural("en", days, {
        one: "1 day",
        other: `${formatCount("en", days)} days`,
      })}.`,
    none: "No entries yet.",
    time: "Time",
    administrator: "Administrator",
    action: "Action",
  },
  logActions,
  setUp: {
    title: "Set up Satchel",
    confirm: (name: string) => `Make ${name} an administrator?`,
    text: "Administrators invite people, set quotas, and can suspend and delete accounts. They can’t see the documents of others. This link works once.",
    button: (name: string) => `Make ${name} an administrator`,
    chooseAccount:
      "This link makes one account an administrator. Which account do you want to use?",
    signUp: "Create an account",
    signIn: "Sign in",
    invalidLink: {
      title: "This link doesn’t work",
      sentence: "It was already used, has expired, or is incomplete.",
    },
  },
};
