// Package lambdazip packs a function's binary for Lambda: the same bytes for the same
// binary, whatever its time and owner.
package lambdazip

import (
	"archive/zip"
	"compress/flate"
	"io"
	"os"
)

// Pack writes the binary into a zip as bootstrap, which is what provided.al2023 starts,
// and returns the zip's size in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
func Pack(path, binary string) (int64, error) {
	code, err := os.ReadFile(binary)
	if err != nil {
		return 0, err
	}
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	w := zip.NewWriter(file)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate} // no time
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err != nil {
		return 0, err
	}
	if _, err := entry.Write(code); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}
