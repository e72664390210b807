"""What things are found by."""

type CallId = str
type PartyId = str
type LegId = str
type BridgeId = str
type OfferId = str
type AgentId = str
