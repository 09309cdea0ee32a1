// Command lambdazip writes a function's binary into a zip for Lambda: the same
// bytes for the same binary, whatever its time and owner.
package main

import (
	"archive/zip"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	out := flag.String("o", "function.zip", "the zip to write")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: lambdazip -o ZIP BINARY")
		os.Exit(2)
	}
	size, err := pack(*out, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lambdazip:", err)
		os.Exit(1)
	}
	fmt.Printf("%8d  %s\n", size, *out)
}

// pack writes the binary as bootstrap, which is what provided.al2023 starts:
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
func pack(path, binary string) (int64, error) {
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
