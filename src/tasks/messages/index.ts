/** Messages of the pages about tasks, and of uploads. */

import { de } from "./de";
import { en } from "./en";

export const TASK_MESSAGES = { en, de };
