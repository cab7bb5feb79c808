/** An error message on a page. */

import type { Child } from "hono/jsx";

/** Says what went wrong; screen readers announce it. */
export const ErrorMessage = ({ children }: { children: Child }) => (
  <p class="error" role="alert">
    {children}
  </p>
);
