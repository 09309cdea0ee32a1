package request

// MaxStepName bounds the names of steps and signals, in bytes.
const MaxStepName = 128

// SignalPrefix sets the names of signals apart from those of steps.
const SignalPrefix = "signal:"

// SignalStep is the name under which a signal is stored among a request's
// steps.
func SignalStep(token string) string { return SignalPrefix + token }
