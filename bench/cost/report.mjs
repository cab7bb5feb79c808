/** The bill as people read it: Markdown tables. Pure. */

/**
 * @param {object} bill as `main.mjs` has measured it
 * @param {import("./price").Prices} prices
 * @returns {string}
 */
export function describeCosts(bill, prices) {
  return `${[
    "# What each operation costs",
    `Written by \`npm run bench -- --bill${bill.full ? " --full" : ""}\`; do not edit. The counts are
those of the bindings themselves (D1's own rows, each call of R2 and of objects), behind the Worker as
it is deployed, in the local runtime; the test \`test/unit/storage/cost.test.ts\` holds them. The prices
stand in \`bench/cost/prices.json\`. ${prices.source}.`,
    "## Operations",
    describeOperations(bill.operations),
    `Dollars for a million. "Folders deep" counts the storage root. "$" is what the counts cost, and "ok"
whether that is within the floor. "CPU left" is the CPU that the Worker may take until the floor is
reached; "CPU" what its isolate took on this machine under V8's profiler, after a short warm-up:
JavaScript, what that calls, and garbage collection, but not what the runtime does by itself, and
more than that on a machine that is busy with other things. Cloudflare's machines are others. "With
it" is the sum. Not in the sum: the time that the user's object is held by a write, at
${dollars(heldPerMs(prices), 4)} for each millisecond; how many there are depends on the way to D1;
and without TOKEN_SECRETS one look at the signing keys in D1, once a minute in each isolate.`,
    "## Growth",
    "In each cell: dollars for a million (rows read, rows written).",
    describeGrowth("Documents in the folder", bill.growth.folder),
    describeGrowth("Folders deep", bill.growth.depth),
    describeGrowth("Documents in the account", bill.growth.account),
    describeShape(bill.growth),
    "## Accounts",
    describeAccounts(bill.accounts),
    `Dollars a month, beyond what the plan of $${prices.planPerMonth} includes.`,
    prices.accounts
      .map(
        ({ name, why, users, documents, bytesPerDocument }) =>
          `- **${name}.** ${why} ${users > 1 ? "Each has" : "It has"} ${documents.toLocaleString("en")} documents of ${bytesPerDocument.toLocaleString("en")} bytes on average.`,
      )
      .join("\n"),
    `Upkeep is for each day with a change. The first change plans the sweep of the account for the day
after (${describeCounts(prices.planningPerDay)}). A sweep of ${bill.sweep.documents} documents took
${describeCounts(bill.sweep.counts)}; that of an account is
taken for proportional. The local runtime lists 100 objects in a call where R2 lists up to 1,000.`,
    `A document takes ${bill.growth.indexBytesPerDocument} bytes in the index, from the size of the
database before and after it was filled.`,
  ].join("\n\n")}\n`;
}

const heldPerMs = ({ objectGb, perMillion }) => (objectGb / 1000) * perMillion.objectGbSeconds;

function describeOperations(operations) {
  const head = [
    "",
    "D1 trips",
    "queries",
    "rows read",
    "written",
    "R2 A",
    "B",
    "objects",
    "$",
    "floor",
    "CPU left",
    "CPU",
    "with it",
    "ok",
  ];
  const rows = operations.map(({ name, counts, price, floor, cpuLeftMs, ...cpu }) => [
    name,
    counts.trips,
    counts.queries,
    counts.rowsRead,
    counts.rowsWritten,
    counts.classA,
    counts.classB,
    counts.objects,
    dollars(price, 3),
    floor === undefined ? "" : dollars(floor, 2),
    cpuLeftMs === undefined ? "" : milliseconds(cpuLeftMs),
    cpu.cpuMs === undefined ? "" : milliseconds(cpu.cpuMs),
    cpu.priceWithCpu === undefined
      ? ""
      : bold(dollars(cpu.priceWithCpu, 3), cpu.priceWithCpu > floor),
    cpu.isReached === undefined ? "" : yes(cpu.isReached),
  ]);
  return table(head, rows);
}

const COLUMNS = {
  get: "GET",
  known: "listing, 304",
  listing: "listing",
  put: "PUT, new",
  over: "PUT, over",
  delete: "DELETE",
};

function describeGrowth(what, rows) {
  const columns = Object.keys(COLUMNS).filter((column) => rows[0][column]);
  return table(
    [what, ...columns.map((column) => COLUMNS[column])],
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
  const flat = (rows, columns) =>
    columns.every((column) => rows.every((row) => row[column].price === rows[0][column].price));
  const linear = depth.every(
    ({ size, put, over }) =>
      put.counts.rowsWritten === size + 1 && over.counts.rowsWritten === size + 1,
  );
  const columns = ["get", "known", "put", "over", "delete"];
  return [
    `- Flat in the size of the folder (all but the listing itself): ${yes(flat(folder, columns))}.`,
    `- Flat in the size of the account: ${yes(flat(account, columns))}.`,
    `- Flat in depth (GET, 304): ${yes(flat(depth, ["get", "known"]))}.`,
    `- PUT writes one row for each folder and one for the document: ${yes(linear)}.`,
  ].join("\n");
}

const yes = (isSo) => (isSo ? "yes" : bold("no", true));
const bold = (text, isBold) => (isBold ? `**${text}**` : text);

const describeAccounts = (accounts) =>
  table(
    ["", "requests", "CPU", "upkeep", "storage", "in all"],
    accounts.map(({ name, requests, cpu, upkeep, storage, total }) => [
      name,
      ...[requests, cpu, upkeep, storage, total].map((part) => dollars(part, 3)),
    ]),
  );

const WORDS = {
  rowsRead: "rows read",
  rowsWritten: "rows written",
  classA: "R2 calls of class A",
  classB: "of class B",
  free: "that are free",
  objects: "calls of the object",
};

const describeCounts = (counts) =>
  Object.entries(counts)
    .filter(([kind, count]) => kind in WORDS && count > 0)
    .map(([kind, count]) => `${WORDS[kind]}: ${count}`)
    .join(", ");

const dollars = (value, digits) => `$${value.toFixed(digits)}`;
const milliseconds = (value) => `${value.toFixed(2)} ms`;

/** The first column to the left, numbers to the right, so that it can be read as plain text too. */
function table(head, rows) {
  const lines = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const pad = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [top, ...body] = lines.map(pad);
  return [top, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
