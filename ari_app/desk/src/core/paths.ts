/** Where the API takes each verb. */

/** Of a call, with nothing to say besides; also for the page around a desk in a frame. */
export const CALL_PATHS = {
  answer: "/v1/calls/{call}/answer",
  hold: "/v1/calls/{call}/hold",
  retrieve: "/v1/calls/{call}/retrieve",
  release: "/v1/calls/{call}/release",
  clear: "/v1/calls/{call}/clear",
  cancel: "/v1/calls/{call}/cancel",
  complete_transfer: "/v1/calls/{call}/complete-transfer",
  complete_conference: "/v1/calls/{call}/complete-conference",
  alternate: "/v1/calls/{call}/alternate",
  reconnect: "/v1/calls/{call}/reconnect",
} as const;

/** The same, and what agents do by the page alone. */
export const PLAIN_PATHS = {
  ...CALL_PATHS,
  start_recording: "/v1/calls/{call}/start-recording",
  pause_recording: "/v1/calls/{call}/pause-recording",
  resume_recording: "/v1/calls/{call}/resume-recording",
  stop_recording: "/v1/calls/{call}/stop-recording",
} as const;

export const TARGET_PATHS = {
  single_step_transfer: "/v1/calls/{call}/single-step-transfer",
  single_step_conference: "/v1/calls/{call}/single-step-conference",
  initiate_transfer: "/v1/calls/{call}/initiate-transfer",
} as const;

export const PARTY_PATHS = {
  mute: "/v1/calls/{call}/parties/{party}/mute",
  unmute: "/v1/calls/{call}/parties/{party}/unmute",
  deafen: "/v1/calls/{call}/parties/{party}/deafen",
  undeafen: "/v1/calls/{call}/parties/{party}/undeafen",
  hold: "/v1/calls/{call}/parties/{party}/hold",
  retrieve: "/v1/calls/{call}/parties/{party}/retrieve",
} as const;
