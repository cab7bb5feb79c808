/** Descriptions of activity events in English. */

import type {
  ActivityEvent,
  AuthMethod,
  DomainLoss,
  RefusalReason,
  TaskKind,
} from "../../accounts/activity";
import { formatBytes } from "../../ui/format";
import { visibleName } from "../../ui/item-name";
import { formatApp, formatDetails, formatScope } from "./parts";

/** A description for each kind of event: a missing one does not compile. */
export type ActivityMessages = {
  [Kind in ActivityEvent["kind"]]: (event: Extract<ActivityEvent, { kind: Kind }>) => string;
};

const METHODS: Record<AuthMethod, string> = {
  password: "with a password",
  passkey: "with a passkey",
  "recovery-code": "with a recovery code",
  link: "with a link",
};

const REFUSALS: Record<RefusalReason, string> = {
  scope: "it asked for data that it has no access to",
  quota: "there was not enough free space",
  size: "a document was too large",
  rate: "it sent too many requests",
  name: "a document and a folder would have had the same name",
  request: "it sent an invalid request",
};

const TASKS: Record<TaskKind, (path: string) => string> = {
  delete: (path) => `Documents deleted: ${path}`,
  move: (path) => `Documents moved: ${path}`,
  restore: (path) => `Deleted documents restored: ${path}`,
  "go-back": (path) => `Went back in time: ${path}`,
  undo: (path) => `Undone: ${path}`,
  free: (path) => `Earlier versions deleted for good: ${path}`,
};

const DOMAIN_LOSSES: Record<DomainLoss, (host: string) => string> = {
  removed: (host) => `Domain removed: ${host}`,
  administrator: (host) => `Domain removed by an administrator: ${host}`,
  taken: (host) => `Domain taken over by another account, with proof: ${host}`,
  unproved: (host) => `Domain stopped, because its proof was gone for too long: ${host}`,
};

export const en: ActivityMessages = {
  "sign-up": ({ way }) => `Account created ${METHODS[way]}`,
  "sign-in": ({ way, device, country }) =>
    `Signed in ${METHODS[way]}${formatDetails("en", device, country)}`,
  "session-ended": ({ device }) => `Session ended${formatDetails("en", device, null)}`,
  "sign-out-everywhere": () => "Signed out everywhere else",
  "password-set": () => "Password set",
  "password-removed": () => "Password removed",
  "passkey-added": ({ name }) => `Passkey added: ${name}`,
  "passkey-renamed": ({ name }) => `Passkey renamed: ${name}`,
  "passkey-removed": ({ name }) => `Passkey removed: ${name}`,
  "recovery-codes-made": () => "New recovery codes created; older ones no longer work",
  "email-set": ({ email }) => `Email address confirmed: ${email}`,
  "email-removed": () => "Email address removed",
  "profile-changed": () => "Public profile changed",
  "app-allowed": ({ app, scope }) =>
    `App connected: ${formatApp("en", app)}, ${formatScope("en", scope)}`,
  "app-changed": ({ app, scope }) =>
    `App permissions changed: ${formatApp("en", app)}, ${formatScope("en", scope)}`,
  "app-disconnected": ({ app }) => `App disconnected: ${formatApp("en", app)}`,
  "app-ended": ({ app, why }) =>
    why === "revoked"
      ? `App disconnected itself: ${formatApp("en", app)}`
      : `App disconnected for security, because a used refresh token was presented again: ${formatApp("en", app)}`,
  "app-refused": ({ app, why }) => `App refused: ${formatApp("en", app)}, because ${REFUSALS[why]}`,
  "all-disconnected": () => "All apps disconnected",
  "token-made": ({ app, scope }) => `Access token created: ${app}, ${formatScope("en", scope)}`,
  export: () => "Data exported",
  import: () => "Data imported",
  "database-deleted": ({ module, name }) => `Database deleted: ${name} of ${module}`,
  "task-started": ({ task, path }) => TASKS[task](visibleName(path)),
  "move-in": ({ from }) => `Moving in from another provider: ${from}`,
  "files-edited": ({ module }) => `Documents edited on the Files page: ${module}`,
  "files-uploaded": ({ module }) => `Documents uploaded on the Files page: ${module}`,
  "domain-added": ({ host }) => `Domain added: ${host}`,
  "domain-failing": ({ host }) => `Proof of a domain no longer found: ${host}`,
  "domain-lost": ({ host, why }) => DOMAIN_LOSSES[why](host),
  suspended: () => "Account suspended by an administrator",
  resumed: () => "Account resumed by an administrator",
  "quota-changed": ({ quotaBytes }) =>
    quotaBytes === null
      ? "Quota reset to the default by an administrator"
      : `Quota set to ${formatBytes("en", quotaBytes)} by an administrator`,
  "reset-link-made": () => "Sign-in reset link created by an administrator",
};
