/** The section of a page that a script is about: its parts, and its texts in the language of the page. */

/** How often screen readers are told about the progress. */
const ANNOUNCE_MS = 15_000;

/** @typedef {{one: string, other: string}} CountedText */

/** A section whose parts have `data-part`, and whose texts are in `data-texts`. */
export class Section {
  #announcedAt = Date.now();

  /** @param {HTMLElement} element */
  constructor(element) {
    const { texts = "{}", language = "en", urls = "{}" } = element.dataset;
    this.element = element;
    this.language = language;
    this.texts = JSON.parse(texts);
    /** @type {{root: string, quota: string, databases: string, batch: string}} */
    this.urls = JSON.parse(urls);
    this.plurals = new Intl.PluralRules(language);
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.element.querySelector(`[data-part="${name}"]`);
  }

  /** Shows these parts, and hides these. @param {string[]} shown @param {string[]} [hidden] */
  show(shown, hidden = []) {
    for (const name of hidden) this.part(name).hidden = true;
    for (const name of shown) this.part(name).hidden = false;
  }

  /** Shows a text in a part; null hides it. @param {string} name @param {string | null} text */
  say(name, text) {
    const part = this.part(name);
    part.hidden = text === null;
    part.textContent = text ?? "";
  }

  /**
   * Shows how far the work has come.
   * @param {{value: number, max: number, text: string}} progress `max`: 0 if nobody knows how much it is
   */
  showProgress({ value, max, text }) {
    const bar = this.part("progress").querySelector("progress");
    bar.max = Math.max(max, value, 1);
    if (max === 0) bar.removeAttribute("value");
    else bar.value = value;
    this.part("text").textContent = text;
    if (Date.now() - this.#announcedAt > ANNOUNCE_MS) this.announce(text);
  }

  /** Tells screen readers. @param {string} text */
  announce(text) {
    this.#announcedAt = Date.now();
    this.part("announcement").textContent = text;
  }

  /** The text for a number. @param {CountedText} forms @param {number} count @param {object} [values] */
  counted(forms, count, values = {}) {
    const form = this.plurals.select(count) === "one" ? forms.one : forms.other;
    return fill(form, { count: this.number(count), ...values });
  }

  /**
   * Such as "5 documents and 1 document in databases".
   * @param {number} documents
   * @param {number} databaseDocuments
   */
  countedDocuments(documents, databaseDocuments) {
    const { documents: outside, databaseDocuments: inside, documentsAndDatabases } = this.texts;
    if (databaseDocuments === 0) return this.counted(outside, documents);
    if (documents === 0) return this.counted(inside, databaseDocuments);
    return fill(documentsAndDatabases, {
      documents: this.counted(outside, documents),
      databaseDocuments: this.counted(inside, databaseDocuments),
    });
  }

  /** @param {number} number @param {Intl.NumberFormatOptions} [options] */
  number(number, options) {
    return new Intl.NumberFormat(this.language, options).format(number);
  }

  /** As on the rest of the page: powers of a thousand. @param {number} bytes */
  bytes(bytes) {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
    return this.number(bytes / 1000 ** power, {
      style: "unit",
      unit: units[power],
      unitDisplay: power === 0 ? "long" : "short",
      maximumFractionDigits: power === 0 ? 0 : 1,
    });
  }

  /** @param {number} milliseconds since 1970 */
  date(milliseconds) {
    const options = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "short" });
    return new Intl.DateTimeFormat(this.language, options).format(milliseconds);
  }

  /** The sentence for an error, which has a code if it is one of ours. @param {unknown} error */
  reason(error) {
    const { code, name, message = String(error) } = /** @type {any} */ (error);
    const { reasons, unknown, signedOut, tooManyApps } = this.texts;
    if (code === "signed-out") return signedOut;
    if (code === "too-many-apps") return tooManyApps;
    const key = name === "QuotaExceededError" ? "quota" : code;
    const sentence = reasons[key];
    return sentence === undefined ? fill(unknown, { reason: message }) : sentence;
  }

  /**
   * A list that can be unfolded, of at most `MAX_LISTED_ITEMS`.
   * @param {string} title
   * @param {ListItem[]} items
   * @param {number} count of all items
   */
  list(title, items, count) {
    const template = this.part("list").content.firstElementChild;
    const details = /** @type {HTMLElement} */ (template.cloneNode(true));
    const [summary, list] = details.children;
    /** @type {Element} */ (summary).textContent = title;
    for (const { name, note } of items.slice(0, MAX_LISTED_ITEMS)) {
      const line = document.createElement("li");
      // A name cannot change the direction of the text around it.
      const isolated = document.createElement("bdi");
      isolated.textContent = name;
      line.append(isolated, note ? `: ${note}` : "");
      list?.append(line);
    }
    const missing = count - Math.min(items.length, MAX_LISTED_ITEMS);
    if (missing > 0) {
      const line = document.createElement("li");
      line.textContent = this.counted(this.texts.more, missing);
      list?.append(line);
    }
    return details;
  }
}

/** @typedef {{name: string, note?: string}} ListItem */

/** Longer lists would make the page slow; a report has them as a whole. */
export const MAX_LISTED_ITEMS = 1000;

/** Puts values into a text such as "{count} files". @param {string} text @param {object} values */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (_, name) => String(/** @type {any} */ (values)[name]));

/** Has the browser save bytes as a file. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has opened it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** What a script remembers after the page is closed. */
export class Memory {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /** @returns {any} null if there is nothing */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {object} value */
  write(value) {
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // A browser that keeps nothing only forgets that something was interrupted.
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // There is nothing in it then.
    }
  }
}
