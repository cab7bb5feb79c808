/** The drafts of the specification, by their numbers. */

/** The newest draft that the cases know. */
export const NEWEST_DRAFT = 26;

/** The oldest draft that a provider can be judged by: older ones have other listings and conditions. */
export const OLDEST_DRAFT = 2;

/**
 * The number of the draft that a provider announces; null if it announces none, or not in that form.
 * @param {unknown} storageApi such as "draft-dejong-remotestorage-26"
 */
export function draftNumber(storageApi) {
  const match = /^draft-dejong-remotestorage-(\d{2})$/.exec(String(storageApi));
  return match ? Number(match[1]) : null;
}

/** @param {number} number */
export const draftName = (number) =>
  `draft-dejong-remotestorage-${String(number).padStart(2, "0")}`;
