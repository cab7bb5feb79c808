/** Checks a bag as RFC 8493 §3 says. Written for the tests alone: it shares nothing with the archive. */

import { createHash } from "node:crypto";
import type { ZipFile } from "../../support/zip";

const textOf = ({ bytes }: ZipFile): string => new TextDecoder().decode(bytes);

const sha256 = ({ bytes }: ZipFile): string => createHash("sha256").update(bytes).digest("hex");

/** What is wrong with a bag; nothing if it is valid. */
export function checkBag(all: ZipFile[]): string[] {
  const problems: string[] = [];
  const [base] = new Set(all.map(({ name }) => name.slice(0, name.indexOf("/") + 1)));
  if (base === undefined) return ["The archive is empty."];
  const files = new Map(
    all.map((file) => {
      if (!file.name.startsWith(base)) problems.push(`${file.name} is not in the bag's folder.`);
      return [file.name.slice(base.length), file];
    }),
  );
  if (files.size !== all.length) problems.push("Two files have the same name.");
  const declaration = files.get("bagit.txt");
  const expected = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
  if (!declaration || textOf(declaration) !== expected) problems.push("bagit.txt is wrong.");

  const readManifest = (name: string): Map<string, string> => {
    const manifest = files.get(name);
    const lines = manifest === undefined ? [] : textOf(manifest).split("\n").slice(0, -1);
    return new Map(
      lines.map((line) => {
        const [, digest = "", path = ""] = /^([0-9a-f]{64}) {2}([^\s\n][^\n]*)$/.exec(line) ?? [];
        return [path, digest];
      }),
    );
  };
  const check = (name: string, required: (file: string) => boolean): void => {
    const manifest = readManifest(name);
    for (const [path, digest] of manifest) {
      const file = files.get(path);
      if (file === undefined) problems.push(`${name} names ${path}, which is missing.`);
      else if (sha256(file) !== digest) problems.push(`${path} does not have its digest.`);
      // Tools disagree on how these are written in a manifest.
      if (/[%\r\n]/.test(path)) problems.push(`${path} has an ambiguous name.`);
    }
    for (const path of files.keys()) {
      if (required(path) && !manifest.has(path)) problems.push(`${name} does not name ${path}.`);
    }
  };
  check("manifest-sha256.txt", (path) => path.startsWith("data/"));
  check(
    "tagmanifest-sha256.txt",
    (path) => !path.startsWith("data/") && path !== "tagmanifest-sha256.txt",
  );

  const info = files.get("bag-info.txt");
  const [, bytes, count] = /^Payload-Oxum: (\d+)\.(\d+)$/m.exec(info ? textOf(info) : "") ?? [];
  const payload = [...files].filter(([path]) => path.startsWith("data/"));
  const sum = payload.reduce((total, [, file]) => total + file.bytes.byteLength, 0);
  if (Number(bytes) !== sum || Number(count) !== payload.length) {
    problems.push("Payload-Oxum is wrong.");
  }
  return problems;
}
