/** The buttons of work that takes long, and what the page says while it waits. */

import { fill } from "./section.js";

/** Tells the user why the work waits, and lets them pause, go on and cancel. */
export class Pausing {
  /** @type {(() => void)[]} */
  #undo = [];
  /** Ends the question that is open. @type {(() => void) | null} */
  #answer = null;

  /** @param {import("./section.js").Section} section */
  constructor(section) {
    this.section = section;
    this.onOffline = this.onOffline.bind(this);
    this.onWait = this.onWait.bind(this);
    this.onStopped = this.onStopped.bind(this);
  }

  /** Connects the buttons with a network. @param {import("./network.js").PageNetwork} network */
  control(network) {
    const { pause: pauseText, continue: continueText, paused } = this.section.texts;
    const button = this.section.part("pause");
    const showState = () => {
      button.textContent = network.isPaused ? continueText : pauseText;
    };
    this.#on(button, () => {
      if (network.isPaused) network.resume();
      else network.pause();
      showState();
      if (network.isPaused) this.#say(paused);
    });
    this.#on(this.section.part("cancel"), () => {
      network.cancel();
      this.#answer?.();
    });
    this.network = network;
    showState();
  }

  /** Disconnects the buttons. */
  end() {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** @param {boolean} isOffline */
  onOffline(isOffline) {
    if (isOffline) this.#say(this.section.texts.offline);
  }

  /** @param {number} seconds */
  onWait(seconds) {
    this.#say(fill(this.section.texts.waiting, { seconds }));
  }

  /** Resolves when the user wants to go on. @param {unknown} error */
  onStopped(error) {
    const text = fill(this.section.texts.stopped, { reason: this.section.reason(error) });
    return this.ask(this.section.part("continue"), text, async () => true);
  }

  /**
   * Shows a text until a button, which is hidden otherwise, was pressed and `act` has returned true. Throws if the
   * work is cancelled.
   * @param {HTMLButtonElement} button
   * @param {string} text
   * @param {() => Promise<boolean>} act
   */
  async ask(button, text, act) {
    const pause = this.section.part("pause");
    this.#say(text);
    button.hidden = false;
    pause.hidden = true;
    button.focus();
    /** @type {PromiseWithResolvers<void>} */
    const answered = Promise.withResolvers();
    const onClick = async () => {
      if (await act()) answered.resolve();
    };
    button.addEventListener("click", onClick);
    this.#answer = answered.resolve;
    await answered.promise;
    this.#answer = null;
    button.removeEventListener("click", onClick);
    pause.hidden = false;
    button.hidden = true;
    this.network?.signal.throwIfAborted();
  }

  /** @param {HTMLElement} element @param {() => void} listener */
  #on(element, listener) {
    element.addEventListener("click", listener);
    this.#undo.push(() => element.removeEventListener("click", listener));
  }

  /** @param {string} text */
  #say(text) {
    this.section.part("text").textContent = text;
    this.section.announce(text);
  }
}
