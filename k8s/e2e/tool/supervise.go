package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
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

// signalChild sends a signal, by its name, to the program that process 1 supervises.
func signalChild(args []string) error {
	name, err := one(args, "KILL, STOP or CONT")
	if err != nil {
		return err
	}
	signals := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	if signals[name] == 0 {
		return fmt.Errorf("%s (expected: KILL, STOP or CONT)", name)
	}
	// A child belongs to the thread that made it.
	threads, err := filepath.Glob("/proc/1/task/*/children")
	if err != nil {
		return err
	}
	var children []string
	for _, each := range threads {
		if text, err := os.ReadFile(each); err == nil {
			children = append(children, strings.Fields(string(text))...)
		}
	}
	for _, each := range children {
		command, err := os.ReadFile("/proc/" + each + "/cmdline")
		if err == nil && strings.Contains(string(command), "\x00serve") {
			pid, err := strconv.Atoi(each)
			if err != nil {
				return err
			}
			return syscall.Kill(pid, signals[name])
		}
	}
	return errors.New("process 1 has no child that serves")
}
