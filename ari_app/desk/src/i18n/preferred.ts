export type Language = "fr" | "en";

/** What was chosen, else the first of the browser's languages that we speak; English where it has none of them. */
export function preferred(languages: readonly string[], chosen: string | null): Language {
  for (const language of [chosen ?? "", ...languages]) {
    const known = language.slice(0, 2).toLowerCase();
    if (known === "fr" || known === "en") return known;
  }
  return "en";
}
