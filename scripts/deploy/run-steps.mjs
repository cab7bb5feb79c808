/** Lists steps, or runs them one after another and says what was done when one fails. */

import { CommandError } from "../lib/command.mjs";

/**
 * Prints a line for each step.
 * @param {import("./steps.mjs").Step[]} steps
 */
export function listSteps(steps) {
  for (const step of steps) console.log(formatStep(step.run ? "" : "-", step));
}

/**
 * Runs the steps. Throws a CommandError that says which failed and why, what has been done, and what to do.
 * @param {import("./steps.mjs").Step[]} steps
 */
export async function runSteps(steps) {
  const done = [];
  for (const step of steps) {
    if (step.run) {
      try {
        await step.run();
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        console.log(formatStep("FAILED", step));
        throw new CommandError(failureText(step, error, done));
      }
      done.push(step);
    }
    console.log(formatStep(step.run ? "ok" : "-", step));
  }
}

const formatStep = (state, { title, action }) => `${state.padEnd(7)}${title.padEnd(13)}${action}`;

function failureText(step, error, done) {
  const list = done.map(({ title, action }) => `  ${title}: ${action}`).join("\n") || "  nothing";
  const parts = [
    `\n${error.message}`,
    `Done so far:\n${list}`,
    step.ifFailed,
    "Then run npm run deploy again, which goes on from here.",
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}
