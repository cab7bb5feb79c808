/** Messages of the pages about files. */

import { de } from "./de";
import { en } from "./en";

export const FILES_MESSAGES = { en, de };
