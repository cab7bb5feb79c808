/** The Content-Type of an uploaded file whose browser does not know it. */

import mime from "mime/lite";

/** RFC 2046 §4.5.1: "The recommended action for an implementation that receives an "application/octet-stream" entity is to simply offer to put the data in a file". */
const UNKNOWN_TYPE = "application/octet-stream";

/** The type by the extension of a file's name, from the registry of IANA. */
export const contentTypeByName = (name: string): string => mime.getType(name) ?? UNKNOWN_TYPE;
