/**
 * One press does one thing. Where the page has changed under a hand that is not done with its press, the rest of it was
 * meant for what was there: who double-clicks Accept must not put the caller on hold, nor who leans on Enter.
 *
 * - The second click of a double click presses no button, but the same one again where each click counts, as on a
 *   keypad; and takes the keyboard nowhere, but in a text that is still the one it was.
 * - A key that is held down presses once.
 */
export function onePressEach(): () => void {
  /** Where the first press of a double click was. */
  let pressed: Element | null = null;

  function pressing(event: MouseEvent): void {
    const at = event.target instanceof Element ? event.target : null;
    if (event.detail < 2) pressed = at;
    else if (at !== pressed || at?.closest("button")) event.preventDefault();
  }

  function clicked(event: MouseEvent): void {
    if (event.detail < 2 || !(event.target instanceof Element)) return;
    const button = event.target.closest("button");
    if (button === null || (button.closest("[data-each-click]") !== null && button.contains(pressed))) return;
    event.stopPropagation();
    event.preventDefault();
  }

  function held(event: KeyboardEvent): void {
    const writes = event.target instanceof Element && event.target.matches("textarea");
    if (event.repeat && event.key === "Enter" && !writes) event.preventDefault();
  }

  const capture = { capture: true };
  addEventListener("mousedown", pressing, capture);
  addEventListener("click", clicked, capture);
  addEventListener("keydown", held, capture);
  return () => {
    removeEventListener("mousedown", pressing, capture);
    removeEventListener("click", clicked, capture);
    removeEventListener("keydown", held, capture);
  };
}
