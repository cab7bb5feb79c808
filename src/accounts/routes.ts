/** The doors of accounts. */

import { Hono } from "hono";
import type { Env } from "../env";
import { recoverRoutes } from "./recover-routes";
import { securityRoutes } from "./security-routes";
import { signInRoutes } from "./sign-in-routes";
import { signUpRoutes } from "./sign-up-routes";

export const accountRoutes = new Hono<{ Bindings: Env }>()
  .route("/", signUpRoutes)
  .route("/", signInRoutes)
  .route("/", recoverRoutes)
  .route("/", securityRoutes);
