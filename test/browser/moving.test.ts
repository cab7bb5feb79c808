/** Moving in and out in a browser: the dialog of another provider, progress, the report; accessible, on a phone too. */

import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { type Documents, startOldProvider } from "../local/old-provider";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { readFile, storeFiles } from "./support/files";
import { signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const documentsOf = (bodies: Record<string, string>): Documents =>
  Object.fromEntries(
    Object.entries(bodies).map(([path, body]) => [path, { type: "text/x", body, etag: body }]),
  );

const mainText = (page: Page, text: string) => page.getByRole("main").getByText(text).first();

/** Answers the dialog of the old provider: with its token, or with an error. */
const answerDialog = (page: Page, answer: string): Promise<unknown> =>
  page.route("**/oauth/alice?**", (route) => {
    const query = new URL(route.request().url()).searchParams;
    const fragment = `${answer}&state=${encodeURIComponent(query.get("state") ?? "")}`;
    const headers = { Location: `${query.get("redirect_uri")}#${fragment}` };
    return route.fulfill({ status: 302, headers });
  });

/** Opens the page of moving in for a new user, who has these documents. */
async function openMoveIn(site: TestSite, documents: Record<string, string>, options = {}) {
  const context = await site.openContext(options);
  await signUp(site, context);
  await storeFiles(site, context, documents);
  const page = await context.newPage();
  await page.goto(`${site.url}/transfer/move-in`);
  return { context, page };
}

describe("Moving in", () => {
  test("by the old provider's dialog, with the token out of the address", async ({ site }) => {
    const bodies = { "/notes/a": "1", "/notes/b": "theirs", "/notes/c d/e": "2" };
    const old = await startOldProvider(documentsOf(bodies));
    const { context, page } = await openMoveIn(site, { "/notes/b": "mine" });
    await answerDialog(page, `access_token=${old.token}`);
    await page.getByLabel("Your address at the old provider").fill(old.address);
    await page.getByLabel("Keep both").check();
    await page.getByRole("button", { name: "Continue" }).click();
    await mainText(page, "2 documents were copied.").waitFor();
    await mainText(page, "as /notes/b (imported)").waitFor();
    expect(await readFile(site, context, "/notes/c d/e")).toBe("2");
    expect(await readFile(site, context, "/notes/b")).toBe("mine");
    expect(await readFile(site, context, "/notes/b (imported)")).toBe("theirs");
    await page.goBack();
    expect(page.url()).not.toContain(old.token);
  });

  test("says so when the old provider gives no access", async ({ site }) => {
    const old = await startOldProvider({});
    const { page } = await openMoveIn(site, {});
    await answerDialog(page, "error=access_denied");
    await page.getByLabel("Your address at the old provider").fill(old.address);
    await page.getByRole("button", { name: "Continue" }).click();
    await mainText(page, "The old provider gave no access.").waitFor();
  });

  test("works with a token where there is no JavaScript, and is cancelled", async ({ site }) => {
    const old = await startOldProvider(documentsOf({ "/a": "1" }), (_, response) => {
      response.writeHead(503, { "Retry-After": "600" }).end();
      return true;
    });
    const { page } = await openMoveIn(site, {}, { javaScriptEnabled: false });
    await page.getByLabel("Your address at the old provider").fill(old.address);
    await page.getByText("I have a token").click();
    await page.getByLabel("Token with read access").fill(old.token);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await mainText(page, "You cancelled this move.").waitFor();
  });
});

// Before a move, pages are checked in appearance.test.ts.
test("the pages of a move are accessible and fit a phone, in German, with hostile names", async ({
  site,
}) => {
  const name = `/notes/<img src=x onerror=alert(1)>\u202e${"🙈".repeat(40)}`;
  const old = await startOldProvider(
    documentsOf({ "/notes/a": "1", [name]: "theirs" }),
    (request, response) => {
      const isRefused = request.url?.endsWith("/a") === true;
      if (isRefused) response.writeHead(403).end();
      return isRefused;
    },
  );
  const { page } = await openMoveIn(site, { [name]: "mine" }, { locale: "de" });
  await answerDialog(page, `access_token=${old.token}`);
  await page.getByLabel("Deine Adresse beim alten Anbieter").fill(old.address);
  await page.getByRole("button", { name: "Weiter" }).click();
  await mainText(page, "Ausgelassen: Hier ist ein anderes").waitFor();
  await expectAccessibleOnAllScreens(page);
  await page.goto(`${site.url}/transfer/move-in/new`);
  await expectAccessibleOnAllScreens(page);
});
