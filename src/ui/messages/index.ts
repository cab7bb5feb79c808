/** Messages of all pages: menu, buttons, error pages. */

import { de } from "./de";
import { en } from "./en";

export const UI_MESSAGES = { en, de };
