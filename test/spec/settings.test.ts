/** Settings: an invalid one stops the Worker with a message that names it. */

import { describe, expect, it } from "vitest";
import { parseSettings, type Variables } from "../../src/env";
import { sendWithSettings } from "../support/send-with-settings";

const errorMessage = (variables: Variables): string => {
  try {
    parseSettings(variables);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("An invalid setting is named:", () => {
  it.each<[keyof Variables, string]>([
    ...[
      "satchel.example",
      "https://satchel.example/",
      "https://satchel.example/path",
      "https://",
    ].map((value): [keyof Variables, string] => ["ORIGIN", value]),
    ["ORIGIN", "https://satchel.example,https://b.example"],
    ["ORIGIN", "https://user@satchel.example"],
    ["ORIGIN", "https://Satchel.example"],
    ["ORIGIN", "https://satchel.example:443"],
    ["ORIGIN", "ftp://satchel.example"],
    ["ORIGIN", "null"],
    ["DNS_RESOLVERS", "https://dns.example/query"],
    ["DNS_RESOLVERS", "1.1.1.1,8.8.8.8"],
    ["CUSTOM_HOSTNAMES_ZONE", "satchel.example"],
    ["CUSTOM_HOSTNAMES_ZONE", "0123456789ABCDEF0123456789ABCDEF"],
    ["CUSTOM_HOSTNAMES_TARGET", "https://domains.satchel.example"],
    ["CUSTOM_HOSTNAMES_TARGET", "Domains.satchel.example"],
    ["CUSTOM_HOSTNAMES_TARGET", "domains.satchel.example:443"],
    ["CUSTOM_HOSTNAMES_TARGET", "192.0.2.1"],
    ["CUSTOM_HOSTNAMES_MAX", "all"],
    ["CUSTOM_HOSTNAMES_API", "api.cloudflare.com"],
    ["CUSTOM_HOSTNAMES_API", "https://api.cloudflare.com/client/v4/"],
    ["CUSTOM_HOSTNAMES_TOKEN", "a token"],
    ["OLD_HOSTS", "https://old.example"],
    ["OLD_HOSTS", "Old.example"],
    ["OLD_HOSTS", "old.example/path"],
    ["TRUST_PROXY", "10.0.0.1"],
    ["LOG_REQUESTS", "errors"],
    ["ORIGIN", "https://*.satchel.example"],
    ["STORAGE_ORIGIN", "storage.example"],
    ["STORAGE_ORIGIN", "https://a.*.storage.example"],
    ["STORAGE_ORIGIN", "https://*.*.storage.example"],
    ["STORAGE_ORIGIN", "https://*.storage.example/"],
    ["STORAGE_ORIGIN", "https://storage.example/"],
    ["STORAGE_ORIGIN", "wss://storage.example"],
    ["SIGN_UP", "yes"],
    ["SIGN_UP", "OPEN"],
    ["SIGN_UP", ""],
    ["DEFAULT_QUOTA_BYTES", "1 GB"],
    ["DEFAULT_QUOTA_BYTES", "-1"],
    ["DEFAULT_QUOTA_BYTES", "1e9"],
    ["DEFAULT_QUOTA_BYTES", "1.5"],
    ["DEFAULT_QUOTA_BYTES", ""],
    ["DEFAULT_QUOTA_BYTES", "9".repeat(16)],
    ["MAX_DOCUMENT_BYTES", "0"],
    ["MAX_DOCUMENT_BYTES", "unlimited"],
    ["MOVE_IN_FROM", "all"],
    ["HISTORY_DAYS", "-1"],
    ["HISTORY_DAYS", "forever"],
    ["HISTORY_VERSIONS", "1.5"],
    ["REQUESTS_PER_SECOND", "0"],
    ["REQUESTS_PER_SECOND", "unlimited"],
    ["ACCESS_TOKEN_SECONDS", "59"],
    ["ACCESS_TOKEN_SECONDS", "1h"],
    ["REFRESH_TOKEN_DAYS", "0"],
    ["REFRESH_TOKEN_DAYS", "NaN"],
    ["SESSION_DAYS", "0"],
    ["SESSION_DAYS", " 30"],
    // Browsers keep a cookie for at most 400 days, and Hono refuses to set one for longer.
    ["SESSION_DAYS", "401"],
    ["ACTIVITY_DAYS", "0"],
    ["MAIL", "smtp"],
    ["MAIL", "cloudflare"],
    ["METRICS_TOKEN", "too-short"],
    ["BACKUP_TOKEN", "too-short"],
    ["TOKEN_SECRETS", "too-short"],
    ["TOKEN_SECRETS", `${"a".repeat(32)},too-short`],
  ])("%s=%j", (name, value) => {
    const message = errorMessage({ [name]: value });
    expect(message).toContain(`The setting ${name}`);
    expect(message).toMatch(/^[A-Z].*\.$/);
  });

  it("all of them, if several are invalid", () => {
    const message = errorMessage({ SIGN_UP: "yes", ORIGIN: "x", SESSION_DAYS: "x" });
    for (const name of ["SIGN_UP", "ORIGIN", "SESSION_DAYS"]) expect(message).toContain(name);
  });

  it("ORIGIN with MAIL: links in emails must not depend on the host of the request", () => {
    const message = errorMessage({ MAIL: "cloudflare", MAIL_FROM: "satchel@satchel.example" });
    expect(message).toMatch(/^The setting ORIGIN must be set/);
  });

  it("ORIGIN and CUSTOM_HOSTNAMES_TARGET with a zone for custom hostnames, which needs both", () => {
    const zone = { CUSTOM_HOSTNAMES_ZONE: "0123456789abcdef".repeat(2) };
    for (const name of ["ORIGIN", "CUSTOM_HOSTNAMES_TARGET"]) {
      expect(errorMessage(zone)).toContain(`The setting ${name} must be set`);
    }
    const target = { ...zone, CUSTOM_HOSTNAMES_TARGET: "domains.satchel.example" };
    expect(errorMessage(target)).toMatch(
      /^The setting ORIGIN must be set if CUSTOM_HOSTNAMES_ZONE is/,
    );
    const origin = { ...zone, ORIGIN: "https://satchel.example" };
    expect(errorMessage(origin)).toMatch(/^The setting CUSTOM_HOSTNAMES_TARGET must be set/);
    // The secret can come later than the deployment.
    expect(() => parseSettings({ ...target, ...origin })).not.toThrow();
  });

  it("with its value, unless it is a secret", () => {
    expect(errorMessage({ SIGN_UP: "perhaps" })).toContain('"perhaps"');
    for (const name of [
      "TOKEN_SECRETS",
      "METRICS_TOKEN",
      "BACKUP_TOKEN",
      "CUSTOM_HOSTNAMES_TOKEN",
    ]) {
      const message = errorMessage({ [name]: "my secret-word" });
      expect(message).toContain(name);
      expect(message).not.toContain("secret-word");
    }
  });

  it("STORAGE_ORIGIN for each user that would be the host of the pages, too", () => {
    const both = {
      ORIGIN: "https://www.satchel.example",
      STORAGE_ORIGIN: "https://*.satchel.example",
    };
    expect(errorMessage(both)).toContain("STORAGE_ORIGIN");
    expect(() => parseSettings({ ...both, ORIGIN: "https://satchel.example" })).not.toThrow();
  });

  it("STORAGE_ORIGIN equal to ORIGIN: no host would be left for the pages", () => {
    const both = { ORIGIN: "https://satchel.example", STORAGE_ORIGIN: "https://satchel.example" };
    expect(errorMessage(both)).toContain("STORAGE_ORIGIN");
  });

  it("to the operator only; clients get a 500 without its name", async () => {
    const response = await sendWithSettings({ SIGN_UP: "yes" })("/sign-up");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("SIGN_UP");
  });
});

describe("Valid settings", () => {
  it("are optional: each has a default", () => {
    expect(parseSettings({})).toEqual({
      ORIGIN: null,
      OLD_HOSTS: [],
      DNS_RESOLVERS: ["https://cloudflare-dns.com/dns-query", "https://dns.google/resolve"],
      CUSTOM_HOSTNAMES_ZONE: "",
      CUSTOM_HOSTNAMES_TARGET: "",
      CUSTOM_HOSTNAMES_MAX: 100,
      CUSTOM_HOSTNAMES_API: "https://api.cloudflare.com/client/v4",
      TRUST_PROXY: "no",
      STORAGE_ORIGIN: null,
      SIGN_UP: "open",
      DEFAULT_QUOTA_BYTES: 1024 ** 3,
      MAX_DOCUMENTS: 1_000_000,
      MAX_DOCUMENT_BYTES: 100 * 1024 ** 2,
      MOVE_IN_FROM: "public",
      HISTORY_DAYS: 30,
      HISTORY_VERSIONS: 20,
      SUBREQUESTS: 50,
      REQUESTS_PER_SECOND: 100,
      ACCESS_TOKEN_SECONDS: 3600,
      REFRESH_TOKEN_DAYS: 180,
      SESSION_DAYS: 30,
      ACTIVITY_DAYS: 90,
      ADMIN_LOG_DAYS: 365,
      LOG_REQUESTS: "yes",
      MAIL: "none",
      MAIL_FROM: "",
      METRICS_TOKEN: "",
      CUSTOM_HOSTNAMES_TOKEN: "",
      BACKUP_TOKEN: "",
      TOKEN_SECRETS: [],
    });
  });

  it("are parsed to their types", () => {
    const secrets = ["a".repeat(32), "b".repeat(64)];
    expect(
      parseSettings({
        ORIGIN: "https://satchel.example",
        OLD_HOSTS: "old.example,older.example:8443",
        DNS_RESOLVERS: "",
        CUSTOM_HOSTNAMES_ZONE: "0123456789abcdef".repeat(2),
        CUSTOM_HOSTNAMES_TARGET: "domains.satchel.example",
        CUSTOM_HOSTNAMES_MAX: "0",
        CUSTOM_HOSTNAMES_API: "http://localhost:8787/client/v4",
        TRUST_PROXY: "yes",
        STORAGE_ORIGIN: "https://storage.example:8443",
        SIGN_UP: "closed",
        DEFAULT_QUOTA_BYTES: "0",
        MAX_DOCUMENTS: "1",
        MAX_DOCUMENT_BYTES: "1",
        MOVE_IN_FROM: "any",
        HISTORY_DAYS: "0",
        HISTORY_VERSIONS: "0",
        SUBREQUESTS: "10000",
        REQUESTS_PER_SECOND: "1",
        ACCESS_TOKEN_SECONDS: "60",
        REFRESH_TOKEN_DAYS: "1",
        SESSION_DAYS: "400",
        ACTIVITY_DAYS: "1",
        ADMIN_LOG_DAYS: "1",
        LOG_REQUESTS: "no",
        MAIL: "cloudflare",
        MAIL_FROM: "satchel@satchel.example",
        METRICS_TOKEN: "m".repeat(32),
        CUSTOM_HOSTNAMES_TOKEN: "a-token_of_the_API\n",
        BACKUP_TOKEN: "b".repeat(32),
        TOKEN_SECRETS: secrets.join(","),
      }),
    ).toEqual({
      ORIGIN: "https://satchel.example",
      OLD_HOSTS: ["old.example", "older.example:8443"],
      DNS_RESOLVERS: [],
      CUSTOM_HOSTNAMES_ZONE: "0123456789abcdef0123456789abcdef",
      CUSTOM_HOSTNAMES_TARGET: "domains.satchel.example",
      CUSTOM_HOSTNAMES_MAX: 0,
      CUSTOM_HOSTNAMES_API: "http://localhost:8787/client/v4",
      TRUST_PROXY: "yes",
      STORAGE_ORIGIN: "https://storage.example:8443",
      SIGN_UP: "closed",
      DEFAULT_QUOTA_BYTES: 0,
      MAX_DOCUMENTS: 1,
      MAX_DOCUMENT_BYTES: 1,
      MOVE_IN_FROM: "any",
      HISTORY_DAYS: 0,
      HISTORY_VERSIONS: 0,
      SUBREQUESTS: 10_000,
      REQUESTS_PER_SECOND: 1,
      ACCESS_TOKEN_SECONDS: 60,
      REFRESH_TOKEN_DAYS: 1,
      SESSION_DAYS: 400,
      ACTIVITY_DAYS: 1,
      ADMIN_LOG_DAYS: 1,
      LOG_REQUESTS: "no",
      MAIL: "cloudflare",
      MAIL_FROM: "satchel@satchel.example",
      METRICS_TOKEN: "m".repeat(32),
      CUSTOM_HOSTNAMES_TOKEN: "a-token_of_the_API",
      BACKUP_TOKEN: "b".repeat(32),
      TOKEN_SECRETS: secrets,
    });
  });

  it.each(["", "http://localhost:8000", "http://[::1]:8000", "https://satchel.example:8443"])(
    "ORIGIN may be %j",
    (ORIGIN) => {
      expect(parseSettings({ ORIGIN }).ORIGIN).toBe(ORIGIN === "" ? null : ORIGIN);
    },
  );
});
