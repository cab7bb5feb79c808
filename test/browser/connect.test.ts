/** An app finds a person's storage and is let in: §10, §11, with the library's own widget. */

import { describe, expect, test } from "vitest";
import { readText, stored, storeText, untilEvent, untilText } from "./support/app";
import { RELEASES } from "./support/app-server";
import { addressOf, useStage } from "./support/stage";
import {
  allow,
  askToConnect,
  connectApp,
  deny,
  fillSignIn,
  fillSignUp,
  newName,
  signUp,
  untilConnected,
} from "./support/steps";

const stage = useStage();

describe.each(RELEASES)("remotestorage.js %s", (release) => {
  const appUrl = () => stage.apps.appUrl({ release });

  test("§10 connects by address: sign-up on the way, consent, and back in the app", async () => {
    const context = await stage.newContext();
    const page = await context.newPage();
    const name = newName();
    const lookups: string[] = [];
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith("/.well-known/")) lookups.push(pathname + search);
    });
    await signUp(stage, await stage.newContext(), name);

    await page.goto(appUrl());
    await askToConnect(page, addressOf(stage, name));
    await page.waitForURL(`${stage.url}/sign-in?**`);
    expect(lookups).toEqual([`/.well-known/webfinger?resource=acct:${addressOf(stage, name)}`]);
    await fillSignIn(page, name);
    await allow(page);
    await untilConnected(page);
  });
});
