/** When what is known is drawn: one event at once, and of many in a row what they came to. */

/** Milliseconds between two pictures: under a thousand events a second most of the time is for hands. */
export const PICTURE = 100;

export class Pictures {
  #last = -PICTURE;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly draw: () => void,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Something is new. */
  changed(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#last + PICTURE - this.clock();
    if (wait <= 0) this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    this.#timer = undefined;
    this.draw();
    // From its end: a picture that took long is not followed by the next without a break.
    this.#last = this.clock();
  }
}
