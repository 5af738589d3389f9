package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// supervise is process 1 of a container. The kernel shields process 1 from SIGKILL and SIGSTOP sent inside its own
// namespace, so the program that a test means to kill has to be another one.
func supervise(args []string) error {
	if len(args) == 0 {
		return errors.New("init needs a command")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, args...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := child.Start(); err != nil {
		return err
	}
	go func() {
		for each := range signals {
			_ = child.Process.Signal(each)
		}
	}()
	err = child.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		if code := failed.ExitCode(); code >= 0 {
			os.Exit(code)
		}
		os.Exit(128 + int(failed.Sys().(syscall.WaitStatus).Signal()))
	}
	return err
}
