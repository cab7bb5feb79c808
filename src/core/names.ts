/** User names and addresses: the <user> and <host> of §10. */

export const MIN_USER_NAME_LENGTH = 2;
export const MAX_USER_NAME_LENGTH = 32;

const USER_NAME_PATTERN = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/;

/** Names that a stranger could take for the provider itself. */
const RESERVED_NAMES = new Set(
  `abuse account accounts admin administrator api billing contact dns ftp help host hostmaster
  imap info localhost mail me moderator news noreply no-reply oauth official operator owner pop
  postmaster public root rxdb satchel security smtp staff status storage support sysadmin system
  team usenet user webfinger webmaster well-known www`.split(/\s+/),
);

/** The user name that a person means, in lower case, or null if it cannot be one. */
export function parseUserName(raw: string): string | null {
  const name = raw.trim().toLowerCase();
  return USER_NAME_PATTERN.test(name) && name.length <= MAX_USER_NAME_LENGTH ? name : null;
}

/** Whether a name that somebody made up shows as what it is: no sign that nobody sees, no pile of marks. */
export const isDisplayableName = (name: string): boolean =>
  !/\p{C}|\p{Default_Ignorable_Code_Point}|\p{M}{3}/u.test(name);

/** Whether nobody may sign up by this name. */
export const isReservedName = (name: string): boolean => RESERVED_NAMES.has(name);
