/** The form for the public profile, on the settings page. */

import {
  MAX_DISPLAY_NAME_LENGTH,
  MAX_PICTURE_URL_LENGTH,
  type ProfileProblem,
} from "../../accounts/public-profile";
import type { HonoContext } from "../../http/context";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { DASHBOARD_MESSAGES } from "../messages";

const MAX_LENGTHS = { displayName: MAX_DISPLAY_NAME_LENGTH, picture: MAX_PICTURE_URL_LENGTH };

interface PublicProfileProps {
  c: HonoContext;
  /** The values that the form is filled in with. */
  values: Record<ProfileProblem, string>;
  problem: ProfileProblem | undefined;
}

/** The section with the form; says what was wrong with it, or that it is saved. */
export const PublicProfileSection = ({ c, values, problem }: PublicProfileProps) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).settings;
  const isSaved = problem === undefined && c.req.query("after") === "profile";
  return (
    <section id="profile">
      <h2>{messages.profile}</h2>
      {problem ? (
        <ErrorMessage>{messages.profileProblems[problem](MAX_LENGTHS[problem])}</ErrorMessage>
      ) : null}
      {isSaved ? (
        <p class="note" role="status">
          {messages.profileSaved}
        </p>
      ) : null}
      <p>{messages.profileAbout}</p>
      <form method="post" action="/settings#profile">
        <div class="field">
          <label for="displayName">{messages.displayName}</label>
          <input
            id="displayName"
            name="displayName"
            value={values.displayName}
            maxlength={MAX_DISPLAY_NAME_LENGTH}
            autocomplete="name"
          />
        </div>
        <div class="field">
          <label for="picture">{messages.picture}</label>
          <input
            id="picture"
            name="picture"
            type="url"
            value={values.picture}
            maxlength={MAX_PICTURE_URL_LENGTH}
            autocomplete="photo"
            aria-describedby="picture-rule"
          />
          <small id="picture-rule">{messages.pictureRule}</small>
        </div>
        <p>
          <button type="submit">{messages.saveProfile}</button>
        </p>
      </form>
    </section>
  );
};
