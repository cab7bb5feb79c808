/** What the pages of accounts say. */

const en = {
  onlyAdmins: { title: "Not for you", sentence: "This page is for administrators." },
};

const de: typeof en = {
  onlyAdmins: { title: "Nicht für dich", sentence: "Diese Seite ist für die Verwaltung." },
};

export const WORDS = { en, de };
