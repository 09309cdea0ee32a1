package streamer

import "github.com/pay-theory/streamer/request"

// readPage reads a page of at most limit rows and shows each of them. A page that
// does not fit into one message is read again with as many rows as fit, so that its
// cursor leads to the first that is left out. show returns what stands for a row, and
// its bytes.
func readPage[Row, Shown any](limit int, read func(limit int) ([]Row, string, error),
	show func(Row) (shown Shown, size int)) (page []Shown, cursor string, err error) {
	for {
		rows, cursor, err := read(limit)
		if err != nil {
			return nil, "", err
		}
		page, size := make([]Shown, 0, len(rows)), 0
		for _, row := range rows {
			shown, n := show(row)
			size += n + len(",")
			if size > request.MaxInFrame && len(page) > 0 {
				break
			}
			page = append(page, shown)
		}
		if len(page) == len(rows) {
			return page, cursor, nil
		}
		limit = len(page)
	}
}
