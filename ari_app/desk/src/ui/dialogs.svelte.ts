/** How many modal dialogs are open: all behind them is inert, so that messages have to be within. */
export const dialogs = $state({ open: 0 });
let count = 0;

/** One is; the returned function says that it is closed. */
export function opened(): () => void {
  dialogs.open = count += 1;
  return () => (dialogs.open = count -= 1);
}
