/** The provider's pages in a browser: sign-up, sign-in, consent, home. */

import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import {
  allowAccess,
  createAccount,
  denyAccess,
  fillSignIn,
  fillSignUp,
  PASSWORD,
  signUp,
  uniqueUserName,
} from "./support/steps";
import { type TestSite, test, userAddress } from "./support/test-site";

/** The URL of the consent page for this scope. */
function consentUrl(site: TestSite, name: string, scope = "notes:rw"): string {
  const query = new URLSearchParams({
    client_id: site.apps.origin,
    redirect_uri: `${site.apps.origin}/blank`,
    response_type: "token",
    scope,
  });
  return `${site.url}/oauth/authorize/${name}?${query}`;
}

async function waitForRedirect(site: TestSite, page: Page): Promise<URLSearchParams> {
  await page.waitForURL(`${site.apps.origin}/blank#*`);
  return new URLSearchParams(new URL(page.url()).hash.slice(1));
}

const expectNoConnectedApps = async (context: BrowserContext, site: TestSite): Promise<void> => {
  const page = await context.request.get(`${site.url}/apps`);
  expect(await page.text()).toContain("No apps are connected yet.");
};

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("sign up, sign out, sign in", async ({ site }) => {
    const page = await (await site.openContext({ javaScriptEnabled })).newPage();
    const name = uniqueUserName();
    await page.goto(site.url);
    await page.getByRole("link", { name: "Create account" }).click();
    await fillSignUp(page, name);
    await page.getByText(userAddress(site, name), { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await fillSignIn(page, name);
    await page.getByText(userAddress(site, name), { exact: true }).waitFor();
  });
});

describe("without JavaScript", () => {
  const javaScriptEnabled = false;

  test("§10 allow an app, find it on the home page, disconnect it", async ({ site }) => {
    const context = await site.openContext({ javaScriptEnabled });
    const name = await signUp(site, context);
    const page = await context.newPage();
    await page.goto(consentUrl(site, name, "notes:rw photos:r"));
    await page.getByLabel("notes").selectOption("Read only");
    await page.getByLabel("Access expires").selectOption("After 30 days");
    await allowAccess(page);
    const answer = await waitForRedirect(site, page);
    expect(answer.get("token_type")).toBe("bearer");
    expect(answer.get("scope")).toBe("notes:r photos:r");
    expect(Number(answer.get("expires_in"))).toBe(30 * 24 * 60 * 60);

    await page.goto(site.url);
    const app = page.getByRole("listitem").filter({ hasText: site.apps.origin });
    expect(await app.textContent()).toContain("notes (read only), photos (read only)");
    await app.getByRole("link", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("No apps are connected yet.").waitFor();
  });

  test("RFC 6749 §4.2.2.1 deny an app", async ({ site }) => {
    const context = await site.openContext({ javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(consentUrl(site, await signUp(site, context)));
    await denyAccess(page);
    expect((await waitForRedirect(site, page)).get("error")).toBe("access_denied");
    await expectNoConnectedApps(context, site);
  });
});

describe("signing up", () => {
  test("the browser rejects a password that is too short", async ({ site }) => {
    const page = await (await site.openContext()).newPage();
    await page.goto(`${site.url}/sign-up`);
    await page.getByLabel("Name").fill(uniqueUserName());
    // minlength only applies to text that was typed.
    await page.getByLabel("Password").pressSequentially("too short");
    const isValid = (input: HTMLInputElement) => input.checkValidity();
    expect(await page.getByLabel("Password").evaluate(isValid)).toBe(false);
    await page.getByRole("button", { name: "Sign up" }).click();
    expect(page.url()).toBe(`${site.url}/sign-up`);
  });

  test("a taken, a reserved and an invalid name are refused with a message", async ({ site }) => {
    const taken = await createAccount(site);
    const page = await (await site.openContext()).newPage();
    await page.goto(`${site.url}/sign-up`);
    for (const [name, message] of [
      [taken, "is taken"],
      ["admin", "is taken"],
      ["not a name", "letters a to z"],
    ] as const) {
      await fillSignUp(page, name);
      await page.getByRole("alert").filter({ hasText: message }).waitFor();
      expect(await page.getByLabel("Name").inputValue()).toBe(name);
    }
    const name = uniqueUserName();
    await fillSignUp(page, name);
    await page.getByText(userAddress(site, name), { exact: true }).waitFor();
  });
});

describe("signing in", () => {
  test("after a wrong password, signing in still continues to the app", async ({ site }) => {
    const name = await createAccount(site);
    const page = await (await site.openContext()).newPage();
    await page.goto(consentUrl(site, name));
    await fillSignIn(page, name, "not the password");
    await page.getByRole("alert").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe(name);
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    await fillSignIn(page, name);
    await allowAccess(page);
    await waitForRedirect(site, page);
  });

  test("consent is not given after signing out in another tab", async ({ site }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const consent = await context.newPage();
    await consent.goto(consentUrl(site, name));
    expect((await context.request.post(`${site.url}/sign-out`)).ok()).toBe(true);
    await allowAccess(consent);
    await consent.getByRole("heading", { name: "Sign in" }).waitFor();
  });
});

test("sign-in and consent work with the keyboard alone", async ({ site }) => {
  const name = await createAccount(site);
  const page = await (await site.openContext()).newPage();
  const { keyboard } = page;
  const tabTo = async (target: string) => {
    for (let presses = 0; presses < 20; presses++) {
      await keyboard.press("Tab");
      if (await page.locator(`:focus:is(${target})`).count()) {
        // The focus must be visible.
        expect(await page.locator(":focus-visible").count()).toBe(1);
        return;
      }
    }
    throw new Error(`Tab does not reach ${target}.`);
  };
  await page.goto(consentUrl(site, name));
  await tabTo("#password");
  await keyboard.type(PASSWORD);
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "Allow", exact: true }).waitFor();
  await tabTo("select[name='level:notes']");
  await keyboard.press("ArrowDown");
  await tabTo("[value=allow]");
  await keyboard.press("Enter");
  expect((await waitForRedirect(site, page)).get("scope")).toBe("notes:r");
});

test("the first Tab stop skips the header", async ({ site }) => {
  const page = await (await site.openContext()).newPage();
  await page.goto(`${site.url}/sign-in`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${site.url}/sign-in#main`);
});

test("a click copies the user address", async ({ site }) => {
  const context = await site.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(userAddress(site, name));
  await page.setExtraHTTPHeaders({ "Accept-Language": "de" });
  await page.reload();
  await page.getByRole("button", { name: "Kopieren" }).click();
  await page.getByRole("button", { name: "Kopiert" }).waitFor();
});

describe("the consent page", () => {
  test("warns of an app that requests full access, and of one on this computer", async ({
    site,
  }) => {
    const context = await site.openContext();
    const page = await context.newPage();
    await page.goto(consentUrl(site, await signUp(site, context), "*:rw"));
    await page.getByText("All data in your storage").waitFor();
    await page.getByText("the data of all your other apps").waitFor();
    await page.getByText("runs on your own computer").waitFor();
  });

  test("RFC 6749 §10.13 cannot be put into a frame of another site", async ({ site }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await context.newPage();
    await page.goto(`${site.apps.origin}/blank`);
    await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = Object.assign(document.createElement("iframe"), { src: url });
          frame.addEventListener("load", resolve);
          document.body.append(frame);
        }),
      consentUrl(site, name),
    );
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    expect(frames.map((frame) => frame.url())).toEqual(["chrome-error://chromewebdata/"]);
  });

  test("RFC 6749 §10.12 cannot be submitted by another site", async ({ site }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await context.newPage();
    const send = async (path: string, fields: Record<string, string>) => {
      await page.goto(`${site.apps.origin}/blank`);
      await page.evaluate(
        ([action, fields]) => {
          const form = Object.assign(document.createElement("form"), { action, method: "post" });
          for (const [name, value] of Object.entries(fields)) {
            form.append(Object.assign(document.createElement("input"), { name, value }));
          }
          document.body.append(form);
          form.submit();
        },
        [path, fields] as const,
      );
      await page.getByText("sent from another site").waitFor();
    };
    await send(consentUrl(site, name), { decision: "allow", duration: "always" });
    await expectNoConnectedApps(context, site);
    await send(`${site.url}/sign-out`, {});
    expect(await (await context.request.get(site.url)).text()).toContain("Sign out");
  });

  test("RFC 6749 §4.1.2.1 is not shown for an invalid redirect_uri", async ({ site }) => {
    const context = await site.openContext();
    await signUp(site, context);
    const page = await context.newPage();
    await page.goto(`${site.url}/oauth/authorize?redirect_uri=http://app.example/&scope=notes:rw`);
    await page.getByRole("heading", { name: "This app can’t be connected" }).waitFor();
    expect(new URL(page.url()).origin).toBe(site.url);
  });
});
