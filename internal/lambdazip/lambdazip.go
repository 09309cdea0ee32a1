// Package lambdazip packs a function's binary for Lambda: the same bytes for the same
// binary, whatever its time and owner.
package lambdazip

import (
	"archive/zip"
	"hash/crc32"
	"os"

	"github.com/pay-theory/streamer/internal/deflate"
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
	packed := deflate.Bytes(code)
	w := zip.NewWriter(file)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(code),
		UncompressedSize64: uint64(len(code)), CompressedSize64: uint64(len(packed))} // no time
	header.SetMode(0o755)
	entry, err := w.CreateRaw(header)
	if err != nil {
		return 0, err
	}
	if _, err := entry.Write(packed); err != nil {
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
