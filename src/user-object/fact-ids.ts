/** Ids of one length, one after the other in one string, which is read much faster than as many strings. */

/** Characters of a document's id and of a version. */
const ID_CHARACTERS = 22;

/** The id at a position. */
export const idAt = (ids: string, index: number): string =>
  ids.slice(index * ID_CHARACTERS, (index + 1) * ID_CHARACTERS);

/** The positions of an id, in their order. */
export function positionsOf(ids: string, id: string): number[] {
  const positions: number[] = [];
  for (let at = ids.indexOf(id); at !== -1; at = ids.indexOf(id, at + 1)) {
    // Two ids side by side may contain a third one.
    if (at % ID_CHARACTERS === 0) positions.push(at / ID_CHARACTERS);
  }
  return positions;
}
