package local

import "encoding/json"

// afterCheckpoint reads a stream function's answer and returns the records that
// come again: the lowest failed sequence number is the checkpoint, and it and
// all after it do.
func afterCheckpoint[R any](answer []byte, batch []R, sequence func(R) string) ([]R, error) {
	var report struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &report); err != nil {
		return batch, err
	}
	for i := range batch {
		for _, failure := range report.Failures {
			if failure.ID == sequence(batch[i]) {
				return batch[i:], nil
			}
		}
	}
	return nil, nil
}
