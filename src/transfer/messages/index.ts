/** Messages of the pages about export and import. */

import { de } from "./de";
import { en } from "./en";

export const TRANSFER_MESSAGES = { en, de };
