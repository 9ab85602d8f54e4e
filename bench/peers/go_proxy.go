// SPDX-License-Identifier: Apache-2.0
// Go's ReverseProxy as a transparent gateway: go_proxy PORT. An upstream connection goes to where the client
// wanted to go, from the client's address; a pool for each client address, so that sources never mix.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
	"syscall"
)

func transparent(_, _ string, connection syscall.RawConn) error {
	var failed error
	err := connection.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_IP, syscall.IP_TRANSPARENT, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

var transports sync.Map // by client address

func transportOf(client string) *http.Transport {
	if known, ok := transports.Load(client); ok {
		return known.(*http.Transport)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Control: transparent}
	made, _ := transports.LoadOrStore(client, &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1000, DisableCompression: true})
	return made.(*http.Transport)
}

type bySource struct{}

func (bySource) RoundTrip(request *http.Request) (*http.Response, error) {
	client, _, _ := net.SplitHostPort(request.RemoteAddr)
	return transportOf(client).RoundTrip(request)
}

func main() {
	config := net.ListenConfig{Control: transparent}
	listener, err := config.Listen(context.Background(), "tcp4", "0.0.0.0:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Transport: bySource{},
		ErrorLog:  log.New(io.Discard, "", 0),
		Director: func(request *http.Request) {
			request.URL.Scheme = "http"
			request.URL.Host = request.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		},
	}
	log.Fatal(http.Serve(listener, proxy))
}
