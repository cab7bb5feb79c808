/** The operator's choices: deploy.toml, a file beside wrangler.toml that git ignores. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import * as v from "valibot";
import { CommandError } from "../lib/command.mjs";
import { ROOT } from "../lib/install.mjs";

const FILE = join(ROOT, "deploy.toml");

const HEADER = `# The choices of this provider, which \`npm run deploy\` lays over wrangler.toml. Git ignores this file:
# keep a copy of it. The keys are explained in docs/deploy.md; settings belong under [settings].

`;

const host = v.pipe(
  v.string(),
  v.check(
    // A Worker has no custom domain with "*" or a port.
    (text) => /^[^*:]+\.[^*:]+$/.test(text) && URL.parse(`https://${text}`)?.host === text,
    "must be a host such as satchel.example, in lower case",
  ),
);

const choice = (...values) => v.picklist(values, `must be one of ${values.join(", ")}`);

const Choices = v.partial(
  v.strictObject({
    /** The Worker and the database; the bucket has "-bodies" appended. */
    name: v.pipe(
      v.string(),
      v.regex(
        /^[a-z0-9](?:[a-z0-9-]{0,52}[a-z0-9])?$/,
        "must have at most 54 lower-case letters, digits and hyphens",
      ),
    ),
    account: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "must be the id of an account")),
    domain: host,
    storage_domain: host,
    /** Hosts that stay routed, because apps and people know the provider under them. */
    old_domains: v.array(host),
    sign_up: choice("open", "invitation", "closed"),
    plan: choice("free", "paid"),
    location: choice("weur", "eeur", "apac", "oc", "wnam", "enam"),
    jurisdiction: choice("eu", "fedramp"),
    /** Settings of docs/settings.md. */
    settings: v.record(v.string(), v.string("must be text, in quotes")),
    /** Anything else of wrangler's configuration. */
    wrangler: v.record(v.string(), v.unknown()),
  }),
);

/** The choices that are flags of `npm run deploy`, by the name of the flag. */
export const CHOICE_FLAGS = {
  name: "name",
  account: "account",
  domain: "domain",
  "storage-domain": "storage_domain",
  "sign-up": "sign_up",
  plan: "plan",
  location: "location",
  jurisdiction: "jurisdiction",
};

/**
 * Reads deploy.toml; without it there are no choices. Throws a CommandError if it cannot be understood.
 * @returns {{choices: Record<string, any>, isNew: boolean}} `isNew`: whether there is no such file yet
 */
export function readChoices() {
  if (!existsSync(FILE)) return { choices: {}, isNew: true };
  try {
    return { choices: checkChoices(parse(readFileSync(FILE, "utf8")), FILE), isNew: false };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${FILE} is not valid TOML: ${error.message.split("\n")[0]}`);
  }
}

/**
 * Returns the choices with those of the command line. Throws a CommandError if one is not possible.
 * @param {Record<string, any>} choices
 * @param {Record<string, any>} flags
 */
export function withFlags(choices, flags) {
  const chosen = Object.entries(CHOICE_FLAGS)
    .filter(([flag]) => flags[flag] !== undefined)
    .map(([flag, key]) => [key, flags[flag]]);
  const merged = checkChoices({ ...choices, ...Object.fromEntries(chosen) }, "The command line");
  if (merged.storage_domain !== undefined && merged.domain === undefined) {
    throw new CommandError("A storage domain needs a domain for the pages: add --domain.");
  }
  if (merged.storage_domain !== undefined && merged.storage_domain === merged.domain) {
    throw new CommandError("The storage domain must differ from the domain, or be left out.");
  }
  return merged;
}

/** Writes deploy.toml. */
export function writeChoices(choices) {
  writeFileSync(FILE, HEADER + stringify(choices));
}

function checkChoices(values, source) {
  const result = v.safeParse(Choices, values);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? "";
  const message = issue.type === "strict_object" ? "is not known" : issue.message;
  throw new CommandError(`${source}: ${path.replaceAll("_", "-")} ${message}.`);
}
