/**
 * The second click of a double click was meant for the button that was there at the first. By now that may be another:
 * who double-clicks Accept must not put the caller on hold. Not where each click counts, as on a keypad.
 */
export function ignoreSecondClicks(): () => void {
  const listener = (event: MouseEvent): void => {
    if (event.detail < 2 || !(event.target instanceof Element)) return;
    const button = event.target.closest("button");
    if (button === null || button.closest("[data-each-click]") !== null) return;
    event.stopPropagation();
    event.preventDefault();
  };
  addEventListener("click", listener, { capture: true });
  return () => removeEventListener("click", listener, { capture: true });
}
