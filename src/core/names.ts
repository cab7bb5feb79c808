/** Rules for user names: the <user> of §10. */

export const MIN_USER_NAME_LENGTH = 2;
export const MAX_USER_NAME_LENGTH = 32;

const USER_NAME_PATTERN = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/;

/** Names that could be mistaken for the provider itself. */
const RESERVED_NAMES = new Set(
  `abuse account accounts admin administrator api billing contact dns ftp help host hostmaster
  imap info localhost mail me moderator news noreply no-reply oauth official operator owner pop
  postmaster public root rxdb satchel security smtp staff status storage support sysadmin system
  team usenet user webfinger webmaster well-known www`.split(/\s+/),
);

/** The user name in lower case, or null if it is not a valid one. */
export function parseUserName(raw: string): string | null {
  const name = raw.trim().toLowerCase();
  return USER_NAME_PATTERN.test(name) && name.length <= MAX_USER_NAME_LENGTH ? name : null;
}

/** Whether a free-text name is without invisible characters and stacked combining marks. */
export const isDisplayableName = (name: string): boolean =>
  !/\p{C}|\p{Default_Ignorable_Code_Point}|\p{M}{3}/u.test(name);

/**
 * Whether nobody may sign up with this name. As a label of a host, what begins with "xn--" is an
 * encoded name (RFC 5890 §2.3.2.1): browsers would show another one, or refuse it.
 */
export const isReservedName = (name: string): boolean =>
  RESERVED_NAMES.has(name) || name.startsWith("xn--");
