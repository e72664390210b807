export type Language = "fr" | "en";

/** What was chosen, else the first of the browser's languages that we speak; English where it has none of them. */
export function preferred(languages: readonly string[], chosen: string | null): Language {
  for (const language of [chosen ?? "", ...languages]) {
    const known = language.slice(0, 2).toLowerCase();
    if (known === "fr" || known === "en") return known;
  }
  return "en";
}

/** How dates are written: as where the browser's owner lives, if that is a place of the page's language. */
export function locale(languages: readonly string[], language: Language): string {
  return languages.find((each) => each.toLowerCase().startsWith(`${language}-`)) ?? language;
}

export function clock(locale: string, at: string | number): string {
  return new Date(at).toLocaleTimeString(locale, { timeStyle: "short" });
}

export function moment(locale: string, at: string): string {
  return new Date(at).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" });
}
