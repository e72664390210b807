/** The server's shapes under their own names. No logic. */
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type AgentDocument = Schemas["AgentDocument"];
export type AgentRow = Schemas["AgentRow"];
export type Call = Schemas["CallView"];
export type CallAction = Schemas["CallAction"];
export type Party = Schemas["PartyView"];
export type PartyAction = Schemas["PartyAction"];
export type Offer = Schemas["OfferView"];
export type Target = Schemas["TargetDocument"];
export type TargetAction = Schemas["TargetAction"];
export type MyPhone = Schemas["MyPhone"];
export type PhoneDocument = Schemas["PhoneDocument"];
export type Problem = Schemas["Problem"];
export type Alarm = Schemas["Alarm"];
/** Something that those who oversee should look at. */
export type Raised = Schemas["AlarmDocument"];
export type LiveTarget = Schemas["LiveTarget"];
export type OpeningChoice = Schemas["OpeningChoice"];
/** One row of "who hears whom": `ear` and `hears` are parties' ids. */
export type Ear = Schemas["EarDocument"];
export type PastCall = Schemas["RecordDocument"];
/** The agent's own figures of today. */
export type Day = Schemas["DayDocument"];
export type Missed = Schemas["MissedDocument"];
export type Recording = Schemas["RecordingDocument"];
/** A message that a caller has left. */
export type Voicemail = Schemas["VoicemailDocument"];
/** What comes over the event stream. */
export type ServerEvent = Schemas["Event"];
