/**
 * The language of the page: the browser's, until somebody chooses.
 *
 * Two typed objects in place of a library: the compiler finds a word that one language lacks, and a switch is a rune.
 */
import { keep, kept } from "../core/kept";
import { en } from "./en";
import { fr, type Messages } from "./fr";
import { clock, locale, moment, preferred, type Language } from "./preferred";

const KEY = "desk.language";

class I18n {
  language = $state<Language>(preferred(navigator.languages, kept(KEY)));

  get t(): Messages {
    return this.language === "fr" ? fr : en;
  }

  /** For dates and times. */
  get locale(): string {
    return locale(navigator.languages, this.language);
  }

  /** A time of the day, as its owner's clock shows it. */
  clock(at: string | number): string {
    return clock(this.locale, at);
  }

  /** A day and a time of it. */
  moment(at: string): string {
    return moment(this.locale, at);
  }

  switch(): void {
    this.language = this.language === "fr" ? "en" : "fr";
    keep(KEY, this.language);
  }
}

export const i18n = new I18n();
