/** Messages of the pages about connected apps and personal access tokens. */

import { de } from "./de";
import { en } from "./en";

export const APP_MESSAGES = { en, de };
