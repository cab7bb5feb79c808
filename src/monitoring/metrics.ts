/** Metrics in Prometheus' text format 0.0.4. */

import { type AccountTotals, countAccounts } from "./account-totals";
import { loadTrafficTotals } from "./traffic";

/** Content-Type of the format. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

interface MetricFamily {
  name: string;
  type: "counter" | "gauge";
  help: string;
  samples: [labels: Record<string, string>, value: number][];
}

/** Renders all metrics. None is about a single user. */
export async function renderMetrics(db: D1Database, now: number): Promise<string> {
  const [traffic, totals] = await Promise.all([loadTrafficTotals(db), loadCachedTotals(db, now)]);
  const byRoute = (value: (row: (typeof traffic)[number]) => number): MetricFamily["samples"] =>
    traffic.map((row) => [{ route: row.route, status: `${row.status}xx` }, value(row)]);
  const families: MetricFamily[] = [
    {
      name: "satchel_requests_total",
      type: "counter",
      help: "Requests answered, by route and status class; 5xx are errors.",
      samples: byRoute(({ requests }) => requests),
    },
    {
      name: "satchel_body_bytes_total",
      type: "counter",
      help: "Bytes of request and response bodies that have a Content-Length.",
      samples: byRoute(({ bytes }) => bytes),
    },
    {
      name: "satchel_request_seconds_total",
      type: "counter",
      help: "Seconds until responses began.",
      samples: byRoute(({ milliseconds }) => milliseconds / 1000),
    },
    {
      name: "satchel_accounts",
      type: "gauge",
      help: "Accounts that are not deleted.",
      samples: [
        [{ state: "active" }, totals.accounts - totals.suspended],
        [{ state: "suspended" }, totals.suspended],
      ],
    },
    {
      name: "satchel_documents",
      type: "gauge",
      help: "Documents of all accounts.",
      samples: [[{}, totals.documents]],
    },
    {
      name: "satchel_stored_bytes",
      type: "gauge",
      help: "Bytes that count towards quotas: current versions of documents, their index, and databases.",
      samples: [[{}, totals.bytes]],
    },
  ];
  return families.map(renderFamily).join("");
}

/** The totals read every account, so an isolate loads them at most once a minute. */
const TOTALS_CACHE_MS = 60_000;

let cached: { totals: AccountTotals; at: number } | null = null;

async function loadCachedTotals(db: D1Database, now: number): Promise<AccountTotals> {
  if (cached && Math.abs(now - cached.at) < TOTALS_CACHE_MS) return cached.totals;
  cached = { totals: await countAccounts(db, now), at: now };
  return cached.totals;
}

const renderFamily = ({ name, type, help, samples }: MetricFamily): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}`),
    "",
  ].join("\n");

function renderLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
