import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PICTURE, Pictures } from "./pictures";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("draws one event at once", () => {
  const draw = vi.fn();
  const pictures = new Pictures(draw, Date.now);
  pictures.changed();
  expect(draw).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(PICTURE);
  pictures.changed();
  expect(draw).toHaveBeenCalledTimes(2);
});

it("draws what a thousand events a second came to ten times, and the last of them as well", () => {
  let [come, drawn] = [0, 0];
  const draw = vi.fn(() => void (drawn = come));
  const pictures = new Pictures(draw, Date.now);
  for (; come < 1000; vi.advanceTimersByTime(1)) {
    come += 1;
    pictures.changed();
  }
  vi.advanceTimersByTime(PICTURE);
  expect([draw.mock.calls.length, drawn]).toEqual([1000 / PICTURE + 1, 1000]);
  vi.advanceTimersByTime(60_000);
  expect(draw.mock.calls.length).toBe(1000 / PICTURE + 1);
});

it("leaves as long after a picture that took long", () => {
  const draw = vi.fn(() => void vi.setSystemTime(Date.now() + 300));
  const pictures = new Pictures(draw, Date.now);
  pictures.changed();
  pictures.changed();
  vi.advanceTimersByTime(PICTURE - 1);
  expect(draw).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(draw).toHaveBeenCalledTimes(2);
});
