/** The Durable Object of one user and module: a shell around the databases of RxDB apps. */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env";
import type { DatabaseTotals } from "./inventory";

/** Reached by account and module: `accounts/modules.ts`. */
export class ModuleObject extends DurableObject<Env> {
  /** What is in it, by name. */
  inventory(): DatabaseTotals[] {
    return [];
  }

  /** Deletes a database with all its collections. Nothing happens if there is none of that name. */
  async deleteDatabase(_name: string): Promise<void> {}

  /** Closes the sockets whose grant does not stand any more, or reaches less far. */
  async recheck(): Promise<void> {}

  /** Erases some of all there is. Returns whether there is more. Can be repeated. */
  async erase(): Promise<boolean> {
    return false;
  }
}
