/** The results as JSON, for other programs. */

import { REQUIREMENTS } from "../requirements.js";
import { countLevels, judged } from "./summary.js";

const sentences = new Map(REQUIREMENTS.map(({ id, sentence }) => [id, sentence]));

/**
 * A report as JSON text. `format` changes if the meaning of a field does.
 * @param {import("./summary.js").Run} run
 */
export const renderJson = (run) =>
  `${JSON.stringify(
    {
      format: 1,
      ...run,
      levels: countLevels(judged(run)),
      results: run.results.map(
        ({ case: { id, title, level, source, since, requirements }, ...rest }) => ({
          id,
          title,
          level,
          source,
          since,
          requirements: requirements.map((one) => ({ id: one, sentence: sentences.get(one) })),
          ...rest,
          ms: Math.round(rest.ms),
        }),
      ),
    },
    null,
    2,
  )}\n`;
