/** Splits SQL into statements while it is read, so that a file of any size needs little memory. */

/** What begins a part in which a semicolon ends nothing, and what ends it. A quote that is doubled begins it again. */
const ENDS = { "'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/" };

const TOKEN = /['"`[;]|--|\/\*/g;

const TRIGGER = /^\s*CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b/i;

/** The statements of a trigger end with semicolons, too. */
const isWhole = (statement) => !TRIGGER.test(statement) || /;\s*END\s*;$/i.test(statement);

/**
 * Yields the statements of SQL, each with its semicolon; at the end also what has none, such as half a statement.
 * @param {AsyncIterable<string> | Iterable<string>} chunks
 * @returns {AsyncGenerator<string>}
 */
export async function* splitStatements(chunks) {
  let text = "";
  // Up to where `text` has been looked at, and what ends the part there; null: it is not within one.
  let position = 0;
  let end = null;
  for await (const chunk of chunks) {
    text += chunk;
    let start = 0;
    for (;;) {
      if (end !== null) {
        const found = text.indexOf(end, position);
        // Half of an end may be the last character.
        position = found === -1 ? Math.max(position, text.length - 1) : found + end.length;
        if (found === -1) break;
        end = null;
      }
      TOKEN.lastIndex = position;
      const token = TOKEN.exec(text);
      if (token === null) {
        // Likewise half of "--" or of "/*".
        position = Math.max(position, text.length - 1);
        break;
      }
      position = TOKEN.lastIndex;
      end = ENDS[token[0]] ?? null;
      if (end !== null) continue;
      const statement = text.slice(start, position);
      if (!isWhole(statement)) continue;
      yield statement;
      start = position;
    }
    text = text.slice(start);
    position -= start;
  }
  if (text.trim() !== "") yield text;
}
