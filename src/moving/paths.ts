/** The paths of the pages about moving in and out. */

/** The page about moving in: the form, how far the move has come, its report. */
export const MOVE_IN_PATH = "/transfer/move-in";

/** Where the old server sends the browser back to. */
export const RETURN_PATH = `${MOVE_IN_PATH}/return`;

/** The page about moving out. */
export const MOVE_OUT_PATH = "/transfer/move-out";
