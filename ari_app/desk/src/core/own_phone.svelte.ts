/**
 * Which phone is the agent's, and the one in this window: chosen, opened, lost, taken over.
 *
 * One window of a browser has the phone (a lock of the browser's own says which); one browser has it (the server says
 * which). A window that closes leaves it to the next. Without a microphone the phone is not registered, so that no call
 * is offered to somebody who could not be heard.
 */
import { answer, type Api } from "../api/client";
import { Phone, type Access, type LineState } from "../phone/phone";
import { quality, type Quality, type Sample } from "../phone/quality";
import { devices, Level, NoMicrophone, openMicrophone, Ring, whenAllowed, type Device, type Lack } from "../phone/sound";
import { keep, kept } from "./kept";
import type { MyPhone } from "./model";
import type { State } from "./store";
import { waitsForMe } from "./views";

export type PageState = "off" | "no_microphone" | "elsewhere" | LineState;

const TAKEN_OVER = 4009;
const SESSION_ENDED = 4001;
/** Milliseconds until the next attempt. */
const FIRST = 100;
const LONGEST = 5000;
const SAMPLED = 2000;
const CHOICES = { microphone: "desk.microphone", speaker: "desk.speaker", ring: "desk.ring" } as const;
type Choice = keyof typeof CHOICES;

/** What the phone needs of the page that it is in. */
export interface Page {
  readonly api: Api;
  readonly latest: State;
  readonly session: { readonly agent: string } | null;
  run(about: string, request: () => Promise<unknown>): Promise<boolean>;
  ticket(): Promise<string>;
}

export class OwnPhone {
  state = $state<PageState>("off");
  quality = $state<Quality | null>(null);
  silenced = $state(false);
  /** Whether somebody is on the line. */
  talks = $state(false);
  /** Why there is no microphone; null while there is one, or none is needed. */
  lacks = $state<Lack | null>(null);
  inputs = $state.raw<readonly Device[]>([]);
  outputs = $state.raw<readonly Device[]>([]);
  chosen = $state.raw<Readonly<Record<Choice, string>>>({
    microphone: kept(CHOICES.microphone) ?? "",
    speaker: kept(CHOICES.speaker) ?? "",
    ring: kept(CHOICES.ring) ?? "",
  });
  #phone: Phone | null = null;
  #microphone: MediaStream | null = null;
  #wanted = false;
  #leaving = false;
  #opening = false;
  #wait = FIRST;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #release: (() => void) | null = null;
  #rings = false;
  #last: Sample | null = null;
  readonly #ring = new Ring();

  constructor(private readonly page: Page) {
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#devicesChanged());
    whenAllowed(() => void this.#devicesChanged());
    addEventListener("online", () => this.#soon(0));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#wanted && this.#phone === null) this.#soon(0);
    });
    setInterval(() => void this.#sample(), SAMPLED);
  }

  /** What the server says of the choice: the phone in the page is the agent's, or is not. */
  follow(device: "desk" | "page" | null): void {
    const wanted = device === "page";
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    // A call that is up stays at the phone where it is.
    this.#leaving = !wanted && this.#phone?.talks === true && device !== null;
    if (wanted && this.#phone === null) void this.#claim(false);
    else if (!wanted && !this.#leaving) this.#giveUp("off");
  }

  /** Who waits for a phone that was lost is not kept waiting for a click: a page that is back answers. */
  back(): void {
    if (this.#rings && Object.values(this.page.latest.calls).some(waitsForMe)) this.#phone?.answer();
  }

  async choose(device: "desk" | "page"): Promise<void> {
    // Requested in the click that chose it, not when the first call rings.
    if (device === "page" && !(await this.#hasMicrophone())) return;
    // That it was wanted in vain no longer matters.
    if (device === "desk" && !this.#wanted) this.#giveUp("off");
    await this.page.run("phone", () => answer(this.page.api.PUT("/v1/me/phone", { body: { device } })));
  }

  /** This window is to have the phone, whoever has it now. */
  takeOver(): void {
    if (this.#release === null) void this.#claim(true);
    else void this.#open(true);
  }

  async retry(): Promise<void> {
    if (!this.#wanted && !this.#leaving) await this.choose("page");
    else await this.#findMicrophone();
  }

  async unsilence(): Promise<void> {
    await this.#phone?.unsilence();
    this.silenced = false;
  }

  async use(choice: Choice, id: string): Promise<void> {
    keep(CHOICES[choice], id);
    this.chosen = { ...this.chosen, [choice]: id };
    if (choice === "speaker") await this.#phone?.useSpeaker(id);
    if (choice === "microphone") {
      this.#stopMicrophone();
      if (this.#wanted || this.#leaving) await this.#findMicrophone();
    }
  }

  async listDevices(): Promise<void> {
    this.inputs = await devices("audioinput");
    this.outputs = await devices("audiooutput");
  }

  /** For a meter; null without a microphone. */
  level(): Level | null {
    return this.#microphone === null ? null : new Level(this.#microphone);
  }

  // -- which window ----------------------------------------------------------------------------------------------------

  /** Wait until no other window of this browser has the phone; with `steal` take it from that one. */
  async #claim(steal: boolean): Promise<void> {
    // Neither locks nor a microphone by plain http://: there is nothing to have for one window alone.
    if (!("locks" in navigator)) return this.#open(steal);
    const name = `desk.phone.${this.page.session?.agent ?? ""}`;
    if (!steal && (await navigator.locks.query()).held?.some((lock) => lock.name === name)) this.state = "elsewhere";
    try {
      await navigator.locks.request(name, steal ? { steal } : {}, async () => {
        if (!this.#wanted) return;
        const held = new Promise<void>((resolve) => (this.#release = resolve));
        await this.#open(steal);
        await held;
      });
    } catch {
      // Another window stole it; when that one closes, this one has it again.
      this.#close();
      this.#release = null;
      this.state = "elsewhere";
      if (this.#wanted) void this.#claim(false);
    }
  }

  #giveUp(state: PageState): void {
    this.#close();
    this.#release?.();
    this.#release = null;
    this.#stopMicrophone();
    this.lacks = null;
    this.state = state;
  }

  // -- the line --------------------------------------------------------------------------------------------------------

  async #open(takeOver: boolean): Promise<void> {
    if (this.#opening || this.#phone !== null || !this.#wanted) return;
    this.#opening = true;
    this.state = "connecting";
    try {
      if (!(await this.#hasMicrophone())) return;
      const access = await this.#access(takeOver);
      if (access === "elsewhere") this.state = "elsewhere";
      else if (this.#wanted && this.#microphone !== null) this.#connect(access, this.#microphone);
    } catch {
      this.#later();
    } finally {
      this.#opening = false;
    }
  }

  async #access(takeOver: boolean): Promise<Access | "elsewhere"> {
    const mine: MyPhone = await answer(this.page.api.GET("/v1/me/phone"));
    if (!takeOver && mine.held_by !== null && mine.held_by !== mine.session) return "elsewhere";
    const { path, uri, user, password } = mine;
    if (path === null || uri === null || user === null || password === null) throw new Error("no phone in the page");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const url = `${scheme}://${location.host}${path}?${await this.page.ticket()}`;
    return { url, uri, user, password, iceServers: mine.ice_servers };
  }

  #connect(access: Access, microphone: MediaStream): void {
    this.#phone = new Phone(access, microphone, this.chosen.speaker, {
      line: (state) => {
        this.state = state;
        if (state === "registered") this.#wait = FIRST;
      },
      closed: (code) => this.#closed(code),
      ringing: (rings) => {
        this.#rings = rings;
        this.back();
        this.#ring.set(rings, this.chosen.ring);
      },
      talking: (talks) => {
        this.talks = talks;
        if (talks) return;
        if (this.#leaving) this.#giveUp("off");
        this.quality = this.#last = null;
        this.silenced = false;
        if (this.lacks !== null) this.#withoutMicrophone(this.lacks);
      },
      silenced: () => (this.silenced = true),
    });
  }

  #closed(code: number | undefined): void {
    this.#close();
    if (code === SESSION_ENDED) return;
    if (code === TAKEN_OVER) this.state = "elsewhere";
    else this.#later();
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#phone?.stop();
    this.#phone = null;
    this.#rings = this.#leaving = this.talks = false;
    this.#ring.set(false, "");
    this.quality = this.#last = null;
  }

  #later(): void {
    this.state = "failed";
    this.#soon(this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST);
  }

  #soon(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#release === null) return;
    this.#timer = setTimeout(() => void this.#open(false), milliseconds);
  }

  async #sample(): Promise<void> {
    const now = (await this.#phone?.sample()) ?? null;
    if (now !== null && this.#last !== null) this.quality = quality(this.#last, now);
    this.#last = now;
  }

  // -- the microphone --------------------------------------------------------------------------------------------------

  async #hasMicrophone(): Promise<boolean> {
    if (this.#microphone?.active) return true;
    try {
      const stream = await openMicrophone(this.chosen.microphone);
      for (const track of stream.getTracks()) track.addEventListener("ended", () => this.#trackEnded(stream));
      this.#microphone = stream;
      this.lacks = null;
      return true;
    } catch (error) {
      if (!(error instanceof NoMicrophone)) throw error;
      // One that went away is more to the point than that there is none.
      this.#withoutMicrophone(this.lacks === "lost" && error.lack === "missing" ? "lost" : error.lack);
      return false;
    }
  }

  /** The headset was pulled out. */
  #trackEnded(stream: MediaStream): void {
    if (this.#microphone !== stream) return;
    this.#microphone = null;
    this.#withoutMicrophone("lost");
    void this.#devicesChanged();
  }

  /** Whoever talks goes on hearing until that call ends; the phone is not reachable then. */
  #withoutMicrophone(lack: Lack): void {
    this.lacks = lack;
    if (this.#phone?.talks === true) return;
    this.#close();
    this.state = "no_microphone";
  }

  async #findMicrophone(): Promise<void> {
    if (!(await this.#hasMicrophone()) || this.#microphone === null) return;
    if (this.#phone !== null) await this.#phone.useMicrophone(this.#microphone);
    else this.#soon(0);
  }

  async #devicesChanged(): Promise<void> {
    await this.listDevices();
    if (!(this.#wanted || this.#leaving) || this.#microphone?.active || this.#release === null) return;
    await this.#findMicrophone();
  }

  #stopMicrophone(): void {
    const stream = this.#microphone;
    this.#microphone = null;
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
}
