package main

import "io"

// pattern is bytes without a short period, so that a lost, doubled or swapped part of them shows.
type pattern struct {
	state uint64
	left  int
}

func newPattern(bytes int) io.Reader { return &pattern{state: 0x9e3779b97f4a7c15, left: bytes} }

func (p *pattern) Read(buffer []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	count := min(len(buffer), p.left)
	for i := range count {
		// xorshift64
		p.state ^= p.state << 13
		p.state ^= p.state >> 7
		p.state ^= p.state << 17
		buffer[i] = byte(p.state >> 32)
	}
	p.left -= count
	return count, nil
}
