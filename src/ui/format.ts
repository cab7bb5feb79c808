/** Formats dates, sizes, numbers and countries in a language. Times are in UTC. */

import type { Language } from "./language";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Creating a format takes as long as using it many times. */
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

const numberFormat = (
  language: Language,
  options: Intl.NumberFormatOptions = {},
): Intl.NumberFormat =>
  cached(
    numberFormats,
    language + JSON.stringify(options),
    () => new Intl.NumberFormat(language, options),
  );

const dateFormat = (language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  cached(
    dateFormats,
    language + JSON.stringify(options),
    () => new Intl.DateTimeFormat(language, options),
  );

function cached<T>(formats: Map<string, T>, key: string, create: () => T): T {
  const format = formats.get(key) ?? create();
  formats.set(key, format);
  return format;
}

/** Such as "Nov 22, 2026". */
export const formatDate = (language: Language, milliseconds: number): string =>
  dateFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(milliseconds);

/** Such as "Nov 22, 2026, 4:33 AM UTC"; with the time style "medium" also the seconds. */
export const formatDateTime = (
  language: Language,
  milliseconds: number,
  timeStyle: "short" | "medium" = "short",
): string =>
  `${dateFormat(language, {
    dateStyle: "medium",
    timeStyle,
    timeZone: "UTC",
  }).format(milliseconds)} UTC`;

/** Such as "1.5 MB" or "12 bytes"; units are powers of a thousand. */
export function formatBytes(language: Language, bytes: number): string {
  const power = Math.floor(Math.log10(Math.max(bytes, 1)) / 3);
  const unit = Math.min(power, UNITS.length - 1);
  return numberFormat(language, {
    style: "unit",
    unit: UNITS[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: unit === 0 ? 0 : 1,
  }).format(bytes / 1000 ** unit);
}

/** Such as "12,345". */
export const formatCount = (language: Language, count: number): string =>
  numberFormat(language).format(count);

/** Such as "1 day" or "365 days". */
export const formatDays = (language: Language, days: number): string =>
  numberFormat(language, {
    style: "unit",
    unit: "day",
    unitDisplay: "long",
  }).format(days);

/** Such as "Germany" for "DE"; the code itself if unknown, such as Cloudflare's T1 for Tor. */
export const formatCountry = (language: Language, code: string): string =>
  /^[A-Z]{2}$/.test(code)
    ? (new Intl.DisplayNames([language], { type: "region", fallback: "code" }).of(code) ?? code)
    : code;
