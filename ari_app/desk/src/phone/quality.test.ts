import { expect, it } from "vitest";
import { quality, type Sample } from "./quality";

const sample = (more: Partial<Sample> = {}): Sample => ({ received: 100, lost: 0, jitter: 0.004, roundTrip: 0.02, ...more });
const NOTHING = sample({ received: 0 });

it("tells what was since the last sample, not of the whole call", () => {
  const long = sample({ received: 10_000, lost: 900 });
  expect(quality(long, sample({ received: 10_100, lost: 900 }))).toBe("good");
  expect(quality(long, sample({ received: 10_100, lost: 903 }))).toBe("fair");
  expect(quality(long, sample({ received: 10_100, lost: 920 }))).toBe("poor");
});

it("counts what comes late as it counts what is lost", () => {
  expect([quality(NOTHING, sample()), quality(NOTHING, sample({ jitter: 0.04 })), quality(NOTHING, sample({ jitter: 0.07 }))]).toEqual(["good", "fair", "poor"]);
  expect([quality(NOTHING, sample({ roundTrip: 0.4 })), quality(NOTHING, sample({ roundTrip: 0.9 }))]).toEqual(["fair", "poor"]);
  expect(quality(NOTHING, sample({ received: 0 }))).toBe("good");
});
