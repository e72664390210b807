/**
 * A button that has done its work goes, and must not take the keyboard's place in the page with it: where the keyboard
 * was in `region` before what `changes` reads changed, and is nowhere after, it goes to `instead`.
 */
export function keepKeyboard(
  region: () => HTMLElement | undefined,
  changes: () => unknown,
  instead: () => HTMLElement | null | undefined,
): void {
  let had = false;
  $effect.pre(() => {
    changes();
    had = region()?.contains(document.activeElement) ?? false;
  });
  $effect(() => {
    changes();
    if (had && document.activeElement === document.body) instead()?.focus();
  });
}
