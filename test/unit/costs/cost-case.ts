/** What a case of the cost harness is, and how far its worst request may exceed its ordinary one. */

import { MEASURES, type Measure, type Traffic, type Work } from "./measure";

/** Sends the request that is measured. */
type Action = (traffic: Traffic) => Promise<unknown>;

/** Prepares a request, which is not measured. */
export type Step = () => Action | Promise<Action>;

/** A route or method: an ordinary request to it, and the worst that the limits allow. */
export interface CostCase {
  /** As the router lists it, such as "GET /apps", or the name of an RxDB method. */
  route: string;
  /** What distinguishes it from other cases of the route. */
  detail?: string;
  ordinary: Step;
  worst: Step;
  /** What may grow by more than `MAX_RATIO`, and how far; the case says why. */
  mayGrow?: Partial<Work>;
  /** Whether it sends all that the account has stored, to which other cases add. */
  sendsAllData?: boolean;
}

/** How often the worst request may do what an ordinary one does. */
const MAX_RATIO = 4;

/** For each byte that the client sends, the server may send and store so many: a control character in JSON takes six. */
const MAX_BYTES_PER_BYTE = 32;

/** So much is nothing, whatever the ordinary request does: a few calls, the rows of a few lists. */
const FREE = { calls: 8, rows: 256, bytes: 16 * 1024 };

/** The most that the worst request may do. */
export function boundsOf(ordinary: Work, worst: Work, mayGrow: Partial<Work> = {}): Work {
  const boundOf = (measure: Measure): number => {
    if (measure === "bytesReceived") return Number.POSITIVE_INFINITY;
    const ratio = MAX_RATIO * ordinary[measure];
    if (measure === "rowsRead") return Math.max(ratio, FREE.rows);
    if (!measure.startsWith("bytes")) return Math.max(ratio, FREE.calls);
    return Math.max(ratio, FREE.bytes) + MAX_BYTES_PER_BYTE * worst.bytesReceived;
  };
  return Object.fromEntries(
    MEASURES.map((measure) => [measure, mayGrow[measure] ?? boundOf(measure)]),
  ) as Work;
}

/** The measures in which a request exceeds its bounds, as "rowsRead 5000 > 400". */
export const excesses = (worst: Work, bounds: Work): string[] =>
  MEASURES.filter((measure) => worst[measure] > bounds[measure]).map(
    (measure) => `${measure} ${worst[measure]} > ${bounds[measure]}`,
  );

/** The name of a case. */
export const nameOf = ({ route, detail }: CostCase): string =>
  detail === undefined ? route : `${route}, ${detail}`;
