/** Which rows of a long list are in the document: those in view, and what may soon be. Pure. */

/** From this row on, up to but not with that one, be there so many or not. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** How those rows lie in the window, in pixels from its top edge. */
export interface Lie extends Range {
  /** Where the first of them begins and the last ends: below 0 where that is scrolled past. */
  readonly start: number;
  readonly end: number;
  /** The height of the window. */
  readonly view: number;
  /** The height of a line of rows, and how many stand in one. */
  readonly line: number;
  readonly columns: number;
  /** How many there are in all. */
  readonly rows: number;
}

/**
 * The rows in view and `margin` pixels above and below, of a list that is out of sight the nearest line, and in any case
 * `kept`, which has the keyboard. Counted from where rows are now: of the others it is only assumed how high they are.
 */
export function near(lie: Lie, margin: number, kept: number | null): Range {
  const { view, line, columns, rows } = lie;
  const past = (row: number): number => (Math.max(0, row - rows) / columns) * line;
  const lines = Math.ceil(rows / columns);
  const first = Math.floor(lie.from / columns) + Math.floor((-margin - lie.start - past(lie.from)) / line);
  const last = Math.ceil(lie.to / columns) + Math.ceil((view + margin - lie.end - past(lie.to)) / line);
  const from = Math.max(0, Math.min(first, lines - 1)) * columns;
  const to = Math.max(from + columns, last * columns);
  if (kept === null || kept >= rows) return { from, to };
  return { from: Math.min(from, kept - (kept % columns)), to: Math.max(to, kept + 1) };
}

/** How high that is which is left out: so many rows, in lines. */
export function height(rows: number, { line, columns }: Pick<Lie, "line" | "columns">): number {
  return Math.ceil(rows / columns) * line;
}

/** The height of most: one that is opened, or has a second line, says nothing of the others. */
export function usual(heights: readonly number[], otherwise: number): number {
  return [...heights].sort((a, b) => a - b)[heights.length >> 1] ?? otherwise;
}
