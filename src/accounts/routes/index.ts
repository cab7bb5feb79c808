/** Routes of the account pages: sign-up, sign-in, recovery, security. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { recoveryRoutes } from "./recovery";
import { securityRoutes } from "./security";
import { signInRoutes } from "./sign-in";
import { signUpRoutes } from "./sign-up";

export const accountRoutes = new Hono<{ Bindings: Env }>()
  .route("/", signUpRoutes)
  .route("/", signInRoutes)
  .route("/", recoveryRoutes)
  .route("/", securityRoutes);
