package runtimeapi

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

const extensions = "/2020-01-01/extension/"

// OnSIGTERM calls f when Lambda ends the process, which it announces by SIGTERM
// to those alone that have an extension. So OnSIGTERM registers one within the
// process, for no events, before it returns; where that fails, it logs so.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
func OnSIGTERM(address string, logger *slog.Logger, f func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		f()
	}()
	c := client{address: address}
	id, err := register(&c)
	if err != nil {
		logger.Warn("Lambda may end this process without running its shutdown hooks", slog.String("error", err.Error()))
		return
	}
	go func() {
		// Asking for the next event ends the extension's init. None ever comes.
		_, err := c.do(request{method: "GET", path: extensions + "event/next", header: identifier + ": " + id + "\r\n", limit: maxStatus})
		logger.Warn("the extension for the shutdown hooks has ended", slog.Any("error", err))
	}()
}

const identifier = "Lambda-Extension-Identifier"

func register(c *client) (id string, err error) {
	res, err := c.do(request{
		method: "POST", path: extensions + "register", limit: maxStatus, body: []byte(`{"events":[]}`),
		header: "Lambda-Extension-Name: lift-shutdown\r\nContent-Type: application/json\r\n",
	})
	if err != nil {
		return "", fmt.Errorf("register an extension: %w", err)
	}
	id = printable(res.header["lambda-extension-identifier"])
	if res.status != 200 || id == "" {
		return "", refused("to register an extension", res)
	}
	return id, nil
}
