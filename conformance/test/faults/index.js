/** All faulty servers, and the cases that must find each, no more and no fewer. */

import { accessFaults } from "./access.js";
import { documentsFaults } from "./documents.js";
import { foldersFaults } from "./folders.js";
import { namesFaults } from "./names.js";
import { oauthFaults } from "./oauth.js";
import { originsFaults } from "./origins.js";
import { versionsFaults } from "./versions.js";

export const FAULTS = [
  ...documentsFaults,
  ...foldersFaults,
  ...namesFaults,
  ...versionsFaults,
  ...originsFaults,
  ...accessFaults,
  ...oauthFaults,
];
