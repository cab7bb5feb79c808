/** Apps suggested to new users, and links that open an app with the user's address (§11). */

/** `about` is a key of `home.about` in the messages of the dashboard. */
export const SUGGESTED_APPS = [
  { name: "Notes Together", url: "https://notestogether.hominidsoftware.com/", about: "notes" },
  { name: "Litewrite", url: "https://litewrite.net/", about: "writing" },
  { name: "Webmarks", url: "https://webmarks.5apps.com/", about: "bookmarks" },
  { name: "Inspektor", url: "https://inspektor.5apps.com/", about: "browsing" },
] as const;

/**
 * §11: "providers MAY redirect to applications with a 'remotestorage' field in the URL fragment,
 * with the user account as value."
 */
export const storageFirstLink = (app: string, address: string): string =>
  `${app}#remotestorage=${encodeURIComponent(address)}`;
