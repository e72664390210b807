/** What the line is like, in a word. Pure. */

/** Counters of the stream that we hear; `jitter` and `roundTrip` in seconds. */
export interface Sample {
  readonly received: number;
  readonly lost: number;
  readonly jitter: number;
  readonly roundTrip: number;
}

export type Quality = "good" | "fair" | "poor";

/** Of the time between two samples, as the first packets of a call always come unevenly: beyond 1 % of loss people notice, beyond 5 % they ask again. */
export function quality(before: Sample, now: Sample): Quality {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const share = received + lost === 0 ? 0 : lost / (received + lost);
  if (share > 0.05 || now.jitter > 0.06 || now.roundTrip > 0.5) return "poor";
  if (share > 0.01 || now.jitter > 0.03 || now.roundTrip > 0.3) return "fair";
  return "good";
}
