/** The cost report as Markdown. Pure. */

/**
 * @param {object} results as measured by `main.mjs`
 * @param {import("./price").Prices} prices
 * @returns {string}
 */
export function describeCosts(results, prices) {
  return `${[
    "# What each operation costs",
    `Written by \`npm run bench -- --cost${results.full ? " --full" : ""}\`; do not edit. The counts are
taken at the bindings (rows reported by D1, calls of R2 and of Durable Objects) of the Worker as
deployed, in the local runtime; the test \`test/unit/storage/cost.test.ts\` asserts them. The prices
are in \`bench/cost/prices.json\`. ${prices.source}.`,
    "## Operations",
    describeOperations(results.operations),
    `Dollars per million operations. "Folders deep" includes the storage root. "$" is the price of the
counts, and "ok" whether it is within the budget. "CPU left" is the CPU time that the Worker can use
within the budget. "CPU" is what its isolate used on this machine under V8's profiler after a short
warm-up: JavaScript, what that calls, and garbage collection, but not the runtime's own work. It is
higher on a busy machine and different on Cloudflare's. "Total" is the price including CPU. Not
included: the duration for which a write keeps the user's object active, at
${dollars(activePricePerMs(prices), 4)} per millisecond, which depends on the distance to D1; and, without
TOKEN_SECRETS, reading the signing keys from D1 once a minute in each isolate.`,
    "## Growth",
    "Each cell: dollars per million operations (rows read, rows written).",
    describeGrowth("Documents in the folder", results.growth.folder),
    describeGrowth("Folders deep", results.growth.depth),
    describeGrowth("Documents in the account", results.growth.account),
    describeShape(results.growth),
    "## Accounts",
    describeAccounts(results.accounts),
    `Dollars per month, in addition to the $${prices.planPerMonth} plan and what it includes.`,
    prices.accounts
      .map(
        ({ name, why, users, documents, bytesPerDocument }) =>
          `- **${name}.** ${why} ${users > 1 ? "Each has" : "It has"} ${documents.toLocaleString("en")} documents of ${bytesPerDocument.toLocaleString("en")} bytes on average.`,
      )
      .join("\n"),
    `Sweeps are for days with changes. The first change schedules the account's sweep for the next day
(${describeCounts(prices.planningPerDay)}). A sweep of ${results.sweep.documents} documents took
${describeCounts(results.sweep.counts)}; other
sizes are assumed to be proportional. The local runtime lists 100 objects per call, R2 up to 1,000.`,
    `A document takes ${results.growth.indexBytesPerDocument} bytes in the index, by the size of the
database before and after filling it.`,
  ].join("\n\n")}\n`;
}

const activePricePerMs = ({ objectGb, perMillion }) =>
  (objectGb / 1000) * perMillion.objectGbSeconds;

function describeOperations(operations) {
  const header = [
    "",
    "D1 trips",
    "queries",
    "rows read",
    "written",
    "R2 A",
    "B",
    "objects",
    "$",
    "budget",
    "CPU left",
    "CPU",
    "total",
    "ok",
  ];
  const rows = operations.map(({ name, counts, price, budget, cpuLeftMs, ...cpu }) => [
    name,
    counts.trips,
    counts.queries,
    counts.rowsRead,
    counts.rowsWritten,
    counts.classA,
    counts.classB,
    counts.objects,
    dollars(price, 3),
    budget === undefined ? "" : dollars(budget, 2),
    cpuLeftMs === undefined ? "" : milliseconds(cpuLeftMs),
    cpu.cpuMs === undefined ? "" : milliseconds(cpu.cpuMs),
    cpu.priceWithCpu === undefined
      ? ""
      : bold(dollars(cpu.priceWithCpu, 3), cpu.priceWithCpu > budget),
    cpu.isWithinBudget === undefined ? "" : yes(cpu.isWithinBudget),
  ]);
  return table(header, rows);
}

const GROWTH_COLUMNS = {
  get: "GET",
  notModified: "listing, 304",
  listing: "listing",
  put: "PUT, new",
  replace: "PUT, replace",
  delete: "DELETE",
};

function describeGrowth(variable, rows) {
  const columns = Object.keys(GROWTH_COLUMNS).filter((column) => rows[0][column]);
  return table(
    [variable, ...columns.map((column) => GROWTH_COLUMNS[column])],
    rows.map((row) => [
      row.size.toLocaleString("en"),
      ...columns.map((column) => {
        const { price, counts } = row[column];
        return `${dollars(price, 3)} (${counts.rowsRead}, ${counts.rowsWritten})`;
      }),
    ]),
  );
}

function describeShape({ folder, depth, account }) {
  const isFlat = (rows, columns) =>
    columns.every((column) => rows.every((row) => row[column].price === rows[0][column].price));
  const isLinear = depth.every(
    ({ size, put, replace }) =>
      put.counts.rowsWritten === size + 1 && replace.counts.rowsWritten === size + 1,
  );
  const columns = ["get", "notModified", "put", "replace", "delete"];
  return [
    `- Independent of the size of the folder (except its listing): ${yes(isFlat(folder, columns))}.`,
    `- Independent of the size of the account: ${yes(isFlat(account, columns))}.`,
    `- Independent of the depth (GET, 304): ${yes(isFlat(depth, ["get", "notModified"]))}.`,
    `- PUT writes one row per folder and one for the document: ${yes(isLinear)}.`,
  ].join("\n");
}

const yes = (condition) => (condition ? "yes" : bold("no", true));
const bold = (text, isBold) => (isBold ? `**${text}**` : text);

const describeAccounts = (accounts) =>
  table(
    ["", "requests", "CPU", "sweeps", "storage", "total"],
    accounts.map(({ name, requests, cpu, sweeps, storage, total }) => [
      name,
      ...[requests, cpu, sweeps, storage, total].map((part) => dollars(part, 3)),
    ]),
  );

const COUNT_LABELS = {
  rowsRead: "rows read",
  rowsWritten: "rows written",
  classA: "R2 class A calls",
  classB: "R2 class B calls",
  free: "free R2 calls",
  objects: "Durable Object calls",
};

const describeCounts = (counts) =>
  Object.entries(counts)
    .filter(([kind, count]) => kind in COUNT_LABELS && count > 0)
    .map(([kind, count]) => `${COUNT_LABELS[kind]}: ${count}`)
    .join(", ");

const dollars = (value, digits) => `$${value.toFixed(digits)}`;
const milliseconds = (value) => `${value.toFixed(2)} ms`;

/** A Markdown table that is readable as text: first column aligned left, numbers aligned right. */
function table(header, rows) {
  const lines = [header, ...rows].map((cells) => cells.map(String));
  const widths = header.map((_, column) =>
    Math.max(3, ...lines.map((line) => line[column].length)),
  );
  const pad = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [top, ...body] = lines.map(pad);
  return [top, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
