/** The suite as a library: the cases, and a session that runs them at a provider. */

export { CASES, CHAPTERS } from "./cases/index.js";
export { REQUIREMENTS } from "./requirements.js";
export { LEVELS } from "./run/case.js";
export { draftName, draftNumber, NEWEST_DRAFT } from "./run/drafts.js";
export { Session } from "./run/session.js";
