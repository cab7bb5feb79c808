/** Messages of the administration pages. */

import { de } from "./de";
import { en } from "./en";

export const ADMIN_MESSAGES = { en, de };
