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
  try {
    const read: unknown = JSON.parse(text ?? "null");
    if (isDraft(read) && read.agent === agent && read.call === call) return read;
  } catch {
    // Something else has written there.
  }
  return blank(agent, call);
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { agent, call, code, notes, saved } = value as Record<string, unknown>;
  const texts = [agent, call, notes].every((each) => typeof each === "string");
  return texts && (code === null || typeof code === "string") && typeof saved === "boolean";
}
