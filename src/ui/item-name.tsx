/** Names and paths of documents and folders, which apps choose freely, as text on a page. */

/** Unicode's symbols of the control characters begin here. */
const CONTROL_PICTURES = 0x2400;

/** Characters that no page shows: control characters, and those that turn the text after them around. */
const INVISIBLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A name as text, in which symbols stand for characters that nobody could see. */
export const visibleName = (name: string): string =>
  name.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });

/** A name, which cannot change the direction of the text around it. */
export const ItemName = ({ name }: { name: string }) => <bdi>{visibleName(name)}</bdi>;
