/** The provider's own pages, as people meet them. */

import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import {
  allow,
  connectApp,
  deny,
  fillSignIn,
  fillSignUp,
  newName,
  PASSWORD,
  signUp,
} from "./support/steps";
import { addressOf, type Stage, test } from "./support/test-site";

/** The question whether an app may have what `scope` says. */
function questionUrl(stage: Stage, name: string, scope = "notes:rw"): string {
  const query = new URLSearchParams({
    client_id: stage.apps.origin,
    redirect_uri: `${stage.apps.origin}/blank`,
    response_type: "token",
    scope,
  });
  return `${stage.url}/oauth/authorize/${name}?${query}`;
}

async function untilAnswered(stage: Stage, page: Page): Promise<URLSearchParams> {
  await page.waitForURL(`${stage.apps.origin}/blank#*`);
  return new URLSearchParams(new URL(page.url()).hash.slice(1));
}

const connectedApps = async (context: BrowserContext, stage: Stage): Promise<number> => {
  const page = await context.newPage();
  await page.goto(stage.url);
  return page.getByRole("link", { name: /^Disconnect/ }).count();
};

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("sign up, sign out, sign in", async ({ stage }) => {
    const page = await (await stage.newContext({ javaScriptEnabled })).newPage();
    const name = newName();
    await page.goto(stage.url);
    await page.getByRole("link", { name: "Get your storage" }).click();
    await fillSignUp(page, name);
    await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await fillSignIn(page, name);
    await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
  });

  test("§10 allow an app, find it at home, disconnect it", async ({ stage }) => {
    const context = await stage.newContext({ javaScriptEnabled });
    const name = await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(questionUrl(stage, name, "notes:rw photos:r"));
    await page.getByLabel("notes").selectOption("read only");
    await page.getByLabel("Allow this").selectOption("for 30 days");
    await allow(page);
    const answer = await untilAnswered(stage, page);
    expect(answer.get("token_type")).toBe("bearer");
    expect(answer.get("scope")).toBe("notes:r photos:r");
    expect(Number(answer.get("expires_in"))).toBe(30 * 24 * 60 * 60);

    await page.goto(stage.url);
    const app = page.getByRole("listitem").filter({ hasText: stage.apps.origin });
    expect(await app.textContent()).toContain("notes (read only), photos (read only)");
    await app.getByRole("link", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("No app is connected yet.").waitFor();
  });

  test("RFC 6749 §4.2.2.1 deny an app", async ({ stage }) => {
    const context = await stage.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(questionUrl(stage, await signUp(stage, context)));
    await deny(page);
    expect((await untilAnswered(stage, page)).get("error")).toBe("access_denied");
    expect(await connectedApps(context, stage)).toBe(0);
  });
});

describe("signing up", () => {
  test("the browser itself points out a password that is too short", async ({ stage }) => {
    const page = await (await stage.newContext()).newPage();
    await page.goto(`${stage.url}/sign-up`);
    await page.getByLabel("Name").fill(newName());
    // A minimal length counts only for what is typed.
    await page.getByLabel("Password").pressSequentially("too short");
    const isValid = (input: HTMLInputElement) => input.checkValidity();
    expect(await page.getByLabel("Password").evaluate(isValid)).toBe(false);
    await page.getByRole("button", { name: "Sign up" }).click();
    expect(page.url()).toBe(`${stage.url}/sign-up`);
  });

  test("a taken name, a reserved one and a wrong one are refused in words", async ({ stage }) => {
    const taken = await signUp(stage, await stage.newContext());
    const page = await (await stage.newContext()).newPage();
    await page.goto(`${stage.url}/sign-up`);
    for (const [name, words] of [
      [taken, "is taken"],
      ["admin", "is taken"],
      ["not a name", "letters a to z"],
    ] as const) {
      await fillSignUp(page, name);
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
      expect(await page.getByLabel("Name").inputValue()).toBe(name);
    }
    const name = newName();
    await fillSignUp(page, name);
    await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
  });
});

describe("signing in", () => {
  test("a wrong password is refused, and the way to the app is not lost", async ({ stage }) => {
    const name = await signUp(stage, await stage.newContext());
    const page = await (await stage.newContext()).newPage();
    await page.goto(questionUrl(stage, name));
    await fillSignIn(page, name, "not the password");
    await page.getByRole("alert").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe(name);
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    await fillSignIn(page, name);
    await allow(page);
    await untilAnswered(stage, page);
  });

  test("signed out, the app's question is not answered", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const question = await context.newPage();
    await question.goto(questionUrl(stage, name));
    const home = await context.newPage();
    await home.goto(stage.url);
    await home.getByRole("button", { name: "Sign out" }).click();
    await home.getByRole("link", { name: "Sign in" }).waitFor();
    await allow(question);
    await question.getByRole("heading", { name: "Sign in" }).waitFor();
  });
});

test("the keyboard alone leads through sign-in and the question", async ({ stage }) => {
  const name = await signUp(stage, await stage.newContext());
  const page = await (await stage.newContext()).newPage();
  const { keyboard } = page;
  const tabTo = async (target: string) => {
    for (let presses = 0; presses < 20; presses++) {
      await keyboard.press("Tab");
      if (await page.locator(`:focus:is(${target})`).count()) {
        // Somebody who sees the page has to see where they are.
        expect(await page.locator(":focus-visible").count()).toBe(1);
        return;
      }
    }
    throw new Error(`No way to ${target}.`);
  };
  await page.goto(questionUrl(stage, name));
  await tabTo("#password");
  await keyboard.type(PASSWORD);
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "Allow", exact: true }).waitFor();
  await tabTo("select[name='level:notes']");
  await keyboard.press("ArrowDown");
  await tabTo("[value=allow]");
  await keyboard.press("Enter");
  expect((await untilAnswered(stage, page)).get("scope")).toBe("notes:r");
});

test("the first key leads past the header", async ({ stage }) => {
  const page = await (await stage.newContext()).newPage();
  await page.goto(`${stage.url}/sign-in`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${stage.url}/sign-in#main`);
});

test("the address is copied with a click", async ({ stage }) => {
  const context = await stage.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const name = await signUp(stage, context);
  const page = await context.newPage();
  await page.goto(stage.url);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(addressOf(stage, name));
  await page.setExtraHTTPHeaders({ "Accept-Language": "de" });
  await page.reload();
  await page.getByRole("button", { name: "Kopieren" }).click();
  await page.getByRole("button", { name: "Kopiert" }).waitFor();
});

test("§11 the link of a connected app opens it with the address", async ({ stage }) => {
  const context = await stage.newContext();
  const name = await signUp(stage, context);
  await connectApp(stage, context, { name, release: "1.2.3" });
  const page = await context.newPage();
  await page.goto(stage.url);
  const link = page.getByRole("link", { name: stage.apps.origin, exact: true });
  const fragment = new URL((await link.getAttribute("href")) ?? "").hash;
  expect(decodeURIComponent(fragment)).toBe(`#remotestorage=${addressOf(stage, name)}`);
});

describe("the question", () => {
  test("warns of an app that wants everything, and of one on this computer", async ({ stage }) => {
    const context = await stage.newContext();
    const page = await context.newPage();
    await page.goto(questionUrl(stage, await signUp(stage, context), "*:rw"));
    await page.getByText("Everything in your storage").waitFor();
    await page.getByText("what all your other apps keep there").waitFor();
    await page.getByText("runs on your own computer").waitFor();
  });

  test("RFC 6749 §10.13 cannot be put into a frame of another site", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(`${stage.apps.origin}/blank`);
    await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = Object.assign(document.createElement("iframe"), { src: url });
          frame.addEventListener("load", resolve);
          document.body.append(frame);
        }),
      questionUrl(stage, name),
    );
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    expect(frames.map((frame) => frame.url())).toEqual(["chrome-error://chromewebdata/"]);
  });

  test("RFC 6749 §10.12 another site's form does not answer it", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await context.newPage();
    const send = async (path: string, fields: Record<string, string>) => {
      await page.goto(`${stage.apps.origin}/blank`);
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
    await send(questionUrl(stage, name), { decision: "allow", duration: "always" });
    expect(await connectedApps(context, stage)).toBe(0);
    await send(`${stage.url}/sign-out`, {});
    const home = await context.newPage();
    await home.goto(stage.url);
    await home.getByRole("button", { name: "Sign out" }).waitFor();
  });

  test("RFC 6749 §4.1.2.1 with no proper way back it is not asked", async ({ stage }) => {
    const context = await stage.newContext();
    await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(`${stage.url}/oauth/authorize?redirect_uri=http://app.example/&scope=notes:rw`);
    await page.getByRole("heading", { name: "This app cannot be connected" }).waitFor();
    expect(new URL(page.url()).origin).toBe(stage.url);
  });
});
