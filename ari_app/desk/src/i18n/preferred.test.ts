import { describe, expect, it } from "vitest";
import { clock, locale, moment } from "./preferred";

describe("times", () => {
  const at = new Date(2026, 10, 28, 15, 7).toISOString();

  it("are written in the same way everywhere on a page, with and without their day", () => {
    for (const languages of [["en-GB"], ["en-US"], ["fr-FR", "en-GB"], []]) {
      for (const language of ["en", "fr"] as const) {
        const here = locale(languages, language);
        expect(moment(here, at)).toContain(clock(here, at));
      }
    }
    expect(clock(locale(["en-GB"], "en"), at)).toBe("15:07");
  });
});
