package request

// An Attribute is a field of a request's row by the name that DynamoDB and its
// streams have it under. Whatever reads or writes rows uses these names.
type Attribute = string

// The attributes that a [Change] can concern.
const (
	AttrState            Attribute = "state"
	AttrRev              Attribute = "rev"
	AttrFence            Attribute = "fence"
	AttrDueAt            Attribute = "ready" // milliseconds of the epoch, as all times
	AttrLook             Attribute = "due"   // the time of the look; a store keeps its kind beside it
	AttrUpdatedAt        Attribute = "updated"
	AttrStartedAt        Attribute = "started"
	AttrClaimedAt        Attribute = "claimed"
	AttrFinishedAt       Attribute = "finished"
	AttrExpiresAt        Attribute = "expires"
	AttrAttempt          Attribute = "attempt"
	AttrSlices           Attribute = "slices"
	AttrLeaseExpirations Attribute = "lost"
	AttrRan              Attribute = "ran"
	AttrWorker           Attribute = "worker"
	AttrCancelRequested  Attribute = "cancel"
	AttrProgress         Attribute = "progress"
	AttrCheckpoint       Attribute = "checkpoint"
	AttrOutput           Attribute = "output"
	AttrOutputMark       Attribute = "mark"
	AttrResult           Attribute = "result"
	AttrError            Attribute = "error"
	AttrSteps            Attribute = "steps"
	AttrAwait            Attribute = "await"
	AttrThrottledBy      Attribute = "blocked"
	AttrPermits          Attribute = "slots"
	AttrHistory          Attribute = "history"
	AttrSubscribers      Attribute = "subscribers"
	AttrChildren         Attribute = "children"
	AttrRedrives         Attribute = "redrives"
	AttrAudit            Attribute = "audit"
)

// The attributes that are as they were when the request was created.
const (
	AttrTenant        Attribute = "tenant"
	AttrSubject       Attribute = "subject"
	AttrID            Attribute = "id"
	AttrAction        Attribute = "action"
	AttrPayload       Attribute = "payload"
	AttrMetadata      Attribute = "metadata"
	AttrCorrelationID Attribute = "correlation"
	AttrPriority      Attribute = "priority"
	AttrNotBefore     Attribute = "not_before"
	AttrCreatedAt     Attribute = "created"
	AttrParent        Attribute = "parent"
)
