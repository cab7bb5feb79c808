/** The doors of accounts. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { recoverRoutes } from "./recovery";
import { securityRoutes } from "./security";
import { signInRoutes } from "./sign-in";
import { signUpRoutes } from "./sign-up";

export const accountRoutes = new Hono<{ Bindings: Env }>()
  .route("/", signUpRoutes)
  .route("/", signInRoutes)
  .route("/", recoverRoutes)
  .route("/", securityRoutes);
