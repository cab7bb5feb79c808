/** The public profile: what a user lets WebFinger say about them, to anybody. */

import { isDisplayableName } from "../core/names";

/** What is null is not said. */
export interface PublicProfile {
  displayName: string | null;
  /** The address of a picture. */
  picture: string | null;
}

/** The field of the form that is refused. */
export type ProfileProblem = "displayName" | "picture";

export const MAX_DISPLAY_NAME_LENGTH = 64;

export const MAX_PICTURE_URL_LENGTH = 2048;

/** The profile that was typed, or what is wrong with it. An empty field removes what it had. */
export function parsePublicProfile(
  rawName: string,
  rawPicture: string,
): { profile: PublicProfile } | { problem: ProfileProblem } {
  const displayName = rawName.trim().replace(/\s+/g, " ") || null;
  if (displayName !== null && !isDisplayName(displayName)) return { problem: "displayName" };
  if (rawPicture.trim() === "") return { profile: { displayName, picture: null } };
  const picture = parsePictureUrl(rawPicture);
  return picture === null ? { problem: "picture" } : { profile: { displayName, picture } };
}

const isDisplayName = (name: string): boolean =>
  name.length <= MAX_DISPLAY_NAME_LENGTH && isDisplayableName(name);

/** Only https: apps put the address on their pages, where others could run scripts or be blocked. */
function parsePictureUrl(raw: string): string | null {
  if (!URL.canParse(raw)) return null;
  const { protocol, username, password, href } = new URL(raw);
  const isPlain = protocol === "https:" && username === "" && password === "";
  return isPlain && href.length <= MAX_PICTURE_URL_LENGTH ? href : null;
}
