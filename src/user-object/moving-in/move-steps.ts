/**
 * The steps of moving in:
 *
 *   documents of a folder are left: copy some of them, a few at a time (`copying/copy-document.ts`)
 *     as soon as one is copied: store its ETag there and its version here
 *     in ONE write: add them to the counts and the report; the others are left
 *   otherwise: list the folder that was found last
 *     in ONE write: its folders and documents are left to do; the folder is done
 *
 * If the object dies, the step is taken again, and finds what it has done already.
 */

import type { MoveIn } from "../../copying/move-in";
import { copyOldDocuments } from "./move-documents";
import { CALLS_PER_FOLDER, listOldFolder } from "./move-folders";
import type { StepContext, StepOutcome } from "./move-step";

/** Takes the next step of a move. Rejects if the server, or the platform, does not answer. */
export async function takeStep(context: StepContext, move: MoveIn): Promise<StepOutcome> {
  const documents = context.store.nextDocuments();
  if (documents) return copyOldDocuments(context, move, ...documents);
  const folder = context.store.nextFolder();
  if (!folder) return "done";
  return context.canMake(CALLS_PER_FOLDER) ? listOldFolder(context, move, ...folder) : "later";
}
