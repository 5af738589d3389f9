package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const patience = 20 * time.Second

func one(args []string, what string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("expected: %s", what)
	}
	return args[0], nil
}

func dial(address string) (net.Conn, error) {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return connection, connection.SetDeadline(time.Now().Add(patience))
}

func get(args []string) error {
	url, err := one(args, "URL")
	if err != nil {
		return err
	}
	client := http.Client{Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	fmt.Print(string(body))
	return nil
}

// --- TCP where the server speaks first ------------------------------------------------------------------------------

func (s *server) greet1(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			fmt.Fprintf(connection, "220 %s\r\n", s.pod)
			lines := bufio.NewReader(connection)
			line, err := lines.ReadString('\n')
			if err == nil {
				fmt.Fprintf(connection, "250 %s", line)
			}
		}()
	}
}

func greeting(args []string) error {
	address, err := one(args, "HOST:PORT")
	if err != nil {
		return err
	}
	begun := time.Now()
	connection, err := dial(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	lines := bufio.NewReader(connection)
	said, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(said, "220 ") {
		return fmt.Errorf("the server's first line: %q, %w", said, err)
	}
	waited := time.Since(begun)
	fmt.Fprint(connection, "hello\r\n")
	if echo, err := lines.ReadString('\n'); err != nil || echo != "250 hello\r\n" {
		return fmt.Errorf("the answer: %q, %w", echo, err)
	}
	fmt.Printf("%s after %d ms\n", strings.TrimSpace(said[4:]), waited.Milliseconds())
	return nil
}

// --- WebSocket (RFC 6455), just enough of it ------------------------------------------------------------------------

const webSocketSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

func accepted(key string) string {
	digest := sha1.Sum([]byte(key + webSocketSalt))
	return base64.StdEncoding.EncodeToString(digest[:])
}

func (s *server) webSocket(response http.ResponseWriter, request *http.Request) {
	if !strings.EqualFold(request.Header.Get("Upgrade"), "websocket") {
		http.Error(response, "expected: Upgrade: websocket", http.StatusUpgradeRequired)
		return
	}
	connection, buffer, err := http.NewResponseController(response).Hijack()
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nPod: %s\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", s.pod, accepted(request.Header.Get("Sec-WebSocket-Key")))
	for {
		opcode, payload, err := readFrame(buffer.Reader)
		if err != nil || opcode == opClose {
			return
		}
		if writeFrame(connection, opcode, payload, false) != nil {
			return
		}
	}
}

const (
	opBinary = 2
	opClose  = 8
)

func readFrame(from io.Reader) (byte, []byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1] & 0x7f)
	if length == 126 {
		var extended [2]byte
		if _, err := io.ReadFull(from, extended[:]); err != nil {
			return 0, nil, err
		}
		length = uint64(binary.BigEndian.Uint16(extended[:]))
	} else if length == 127 {
		return 0, nil, errors.New("a longer frame than the test sends")
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(from, mask[:]); err != nil {
			return 0, nil, err
		}
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(from, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, payload, nil
}

func writeFrame(to io.Writer, opcode byte, payload []byte, masked bool) error {
	frame := []byte{0x80 | opcode, 0}
	if len(payload) < 126 {
		frame[1] = byte(len(payload))
	} else {
		frame[1] = 126
		frame = binary.BigEndian.AppendUint16(frame, uint16(len(payload)))
	}
	if masked {
		frame[1] |= 0x80
		mask := [4]byte{1, 2, 3, 4}
		frame = append(frame, mask[:]...)
		for i, each := range payload {
			frame = append(frame, each^mask[i%4])
		}
	} else {
		frame = append(frame, payload...)
	}
	_, err := to.Write(frame)
	return err
}

func webSocket(args []string) error {
	url, err := one(args, "http://HOST[:PORT]/PATH")
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
	} {
		request.Header.Set(name, value)
	}
	address := request.URL.Host
	if request.URL.Port() == "" {
		address += ":80"
	}
	connection, err := dial(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := request.Write(connection); err != nil {
		return err
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Accept") != accepted(key) {
		return fmt.Errorf("%s (expected: 101 and our key accepted)", response.Status)
	}
	const messages = 100
	for i := range messages {
		sent := bytes.Repeat([]byte{byte(i)}, 1+i*100)
		if err := writeFrame(connection, opBinary, sent, true); err != nil {
			return err
		}
		if _, got, err := readFrame(reader); err != nil || !bytes.Equal(got, sent) {
			return fmt.Errorf("message %d: %d bytes back of %d, %w", i, len(got), len(sent), err)
		}
	}
	fmt.Printf("%s echoed %d messages\n", response.Header.Get("Pod"), messages)
	return nil
}

// --- 100 MB both ways -----------------------------------------------------------------------------------------------

func blob(args []string) error {
	if len(args) != 2 {
		return errors.New("expected: URL MEGABYTES")
	}
	megabytes, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	digest := sha256.New()
	_, _ = io.Copy(digest, newPattern(megabytes<<20))
	expected := hex.EncodeToString(digest.Sum(nil))
	client := http.Client{Timeout: 5 * time.Minute}

	begun := time.Now()
	response, err := client.Post(args[0]+"/blob", "application/octet-stream", newPattern(megabytes<<20))
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || string(answer) != expected {
		return fmt.Errorf("sent %d MB: %s, digest %s (expected: %s), %w", megabytes, response.Status, answer, expected, err)
	}
	sent := time.Since(begun)

	begun = time.Now()
	response, err = client.Get(args[0] + "/blob?megabytes=" + args[1])
	if err != nil {
		return err
	}
	digest.Reset()
	count, err := io.Copy(digest, response.Body)
	_ = response.Body.Close()
	if got := hex.EncodeToString(digest.Sum(nil)); err != nil || got != expected {
		return fmt.Errorf("fetched %d of %d bytes, digest %s (expected: %s), %w", count, megabytes<<20, got, expected, err)
	}
	fmt.Printf("%d MB sent in %.1f s, fetched in %.1f s, same digests\n", megabytes, sent.Seconds(), time.Since(begun).Seconds())
	return nil
}

// --- TLS ------------------------------------------------------------------------------------------------------------

func (s *server) serveTLS(listener net.Listener, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// The pod's name is in the certificate, so that the client sees whose it got although nobody in between can.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: s.pod},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return http.Serve(tls.NewListener(listener, config), http.HandlerFunc(s.answer))
}

func tlsPassthrough(args []string) error {
	if len(args) != 2 {
		return errors.New("expected: HOST:PORT NAME")
	}
	connection, err := dial(args[0])
	if err != nil {
		return err
	}
	defer connection.Close()
	// Self-signed: verified below by hand, as the test wants it.
	client := tls.Client(connection, &tls.Config{ServerName: args[1], InsecureSkipVerify: true})
	if err := client.Handshake(); err != nil {
		return err
	}
	certificate := client.ConnectionState().PeerCertificates[0]
	if err := certificate.VerifyHostname(args[1]); err != nil {
		return err
	}
	fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", args[1])
	response, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if pod := response.Header.Get("Pod"); pod != certificate.Subject.CommonName {
		return fmt.Errorf("answered by %q, certificate of %q", pod, certificate.Subject.CommonName)
	}
	fmt.Printf("%s by its own certificate\n", certificate.Subject.CommonName)
	return nil
}

// --- Redis and PostgreSQL -------------------------------------------------------------------------------------------

func redis(args []string) error {
	address, err := one(args, "HOST:PORT")
	if err != nil {
		return err
	}
	connection, err := dial(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	lines := bufio.NewReader(connection)
	for _, each := range []struct{ send, expected string }{
		{"PING\r\n", "+PONG"}, {"SET e2e seen\r\n", "+OK"}, {"GET e2e\r\n", "$4"}, {"", "seen"},
	} {
		fmt.Fprint(connection, each.send)
		if got, err := lines.ReadString('\n'); err != nil || strings.TrimSpace(got) != each.expected {
			return fmt.Errorf("%q answered by %q (expected: %s), %w", each.send, got, each.expected, err)
		}
	}
	fmt.Println("SET and GET")
	return nil
}

// postgres speaks protocol 3.0 by hand: start, one simple query, one row.
func postgres(args []string) error {
	address, err := one(args, "HOST:PORT")
	if err != nil {
		return err
	}
	connection, err := dial(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	start := binary.BigEndian.AppendUint32(nil, 3<<16)
	start = append(start, "user\x00e2e\x00database\x00postgres\x00\x00"...)
	if err := writeMessage(connection, 0, start); err != nil {
		return err
	}
	reader := bufio.NewReader(connection)
	if _, err := untilReady(reader); err != nil {
		return err
	}
	if err := writeMessage(connection, 'Q', []byte("select 6 * 7\x00")); err != nil {
		return err
	}
	row, err := untilReady(reader)
	if err != nil {
		return err
	}
	// One column: its count, its length, its text.
	if len(row) < 6 || string(row[6:]) != "42" {
		return fmt.Errorf("the row: %q (expected: 42)", row)
	}
	fmt.Println("select 6 * 7 is 42")
	return nil
}

func writeMessage(to io.Writer, kind byte, body []byte) error {
	var message []byte
	if kind != 0 {
		message = append(message, kind)
	}
	message = binary.BigEndian.AppendUint32(message, uint32(len(body)+4))
	_, err := to.Write(append(message, body...))
	return err
}

// untilReady reads to ReadyForQuery, and gives the last row on the way.
func untilReady(from *bufio.Reader) ([]byte, error) {
	var row []byte
	for {
		kind, err := from.ReadByte()
		if err != nil {
			return nil, err
		}
		var length [4]byte
		if _, err := io.ReadFull(from, length[:]); err != nil {
			return nil, err
		}
		body := make([]byte, binary.BigEndian.Uint32(length[:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return nil, err
		}
		switch kind {
		case 'Z':
			return row, nil
		case 'D':
			row = body
		case 'E':
			return nil, fmt.Errorf("the server says: %s", strings.ReplaceAll(string(body), "\x00", " "))
		}
	}
}
