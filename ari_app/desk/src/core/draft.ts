/** What an agent has written of a call, as the browser keeps it: pure. */
export interface Draft {
  readonly agent: string;
  readonly call: string;
  readonly code: string | null;
  readonly notes: string;
  /** The server has it as it stands here. */
  readonly saved: boolean;
}

/** Nothing written yet: nothing to save. */
export function blank(agent: string, call: string): Draft {
  return { agent, call, code: null, notes: "", saved: true };
}

/** What was kept for this agent and call; a blank one where nothing was, or it is no draft. */
export function readDraft(text: string | null, agent: string, call: string): Draft {
  const read = keptDraft(text);
  return read?.agent === agent && read.call === call ? read : blank(agent, call);
}

/** Whatever draft was kept; null where it is none. */
export function keptDraft(text: string | null): Draft | null {
  try {
    const read: unknown = JSON.parse(text ?? "null");
    return isDraft(read) ? read : null;
  } catch {
    return null; // something else has written there
  }
}

/**
 * What this window has when another one of the browser has written: the later words, whoever wrote them. What the other
 * had saved may be older than what is not saved here.
 */
export function newer(here: Draft, kept: string | null): Draft {
  const there = keptDraft(kept);
  if (there?.agent !== here.agent || there.call !== here.call) return here;
  const same = there.notes === here.notes && there.code === here.code;
  return here.saved || !there.saved || same ? there : here;
}

/**
 * What is written, when the server says what it has from another browser. `before` is what was there when that was
 * requested, and `now` what has been typed since: neither is lost.
 */
export function merged(before: Draft, now: Draft, noted: Pick<Draft, "code" | "notes">): Draft {
  const { code, notes } = noted;
  if (!before.saved || (code === null && notes === "")) return now;
  if (now.saved) return now.code === code && now.notes === notes ? now : { ...now, code, notes };
  const started = before.notes === "" && notes !== "" && !now.notes.startsWith(notes);
  return { ...now, code: now.code ?? code, notes: !started ? now.notes : now.notes === "" ? notes : `${notes}\n${now.notes}` };
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { agent, call, code, notes, saved } = value as Record<string, unknown>;
  const texts = [agent, call, notes].every((each) => typeof each === "string");
  return texts && (code === null || typeof code === "string") && typeof saved === "boolean";
}
