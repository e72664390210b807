/**
 * What follows from a key or a click, and may be much, is done when the key itself is on the screen: the letter that was
 * typed never waits for the list that it shortens. The returned function calls it off: what comes next takes its place.
 */
export function afterwards(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => (timer = setTimeout(work)));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
