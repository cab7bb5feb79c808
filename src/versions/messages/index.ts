/** Messages of the pages about versions, the bin and going back in time. */

import { de } from "./de";
import { en } from "./en";

export const VERSION_MESSAGES = { en, de };
