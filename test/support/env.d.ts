/** The types of the Worker's environment in tests. */

import type { D1Migration } from "cloudflare:test";
import type { Bindings } from "../../src/env";

declare global {
  /** test/support/guard/worker.ts */
  var calledObjects: Set<string> | undefined;
  /** Whether requests are logged. */
  var logsRequests: boolean | undefined;
  /** test/support/cheap-passwords.ts */
  var hashesCheaply: boolean | undefined;
  namespace Cloudflare {
    interface Env extends Bindings {
      TEST_MIGRATIONS: D1Migration[];
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/index");
    }
  }
}
