/** Opens a URL in the system's browser. */

import { spawn } from "node:child_process";

/** The command of each platform; others have xdg-open. @type {Record<string, [command: string, ...args: string[]]>} */
const COMMANDS = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Opens the URL if there is a browser; otherwise nothing happens, so print the URL, too.
 * @param {string} url
 */
export function openBrowser(url) {
  const [command, ...args] = COMMANDS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
