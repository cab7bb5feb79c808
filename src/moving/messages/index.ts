/** Messages of the pages about moving in and out. */

import { de } from "./de";
import { en } from "./en";

export const MOVING_MESSAGES = { en, de };
