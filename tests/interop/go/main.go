// Command interop serves the contract with grpc-go, grpc-gateway and the gRPC-Web wrapper of improbable-eng, each on a port of its own.
//
// It is a judge of the judge: nothing in it comes from Triwire but the contract, and the libraries are used as their documentation shows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/improbable-eng/grpc-web/go/grpcweb"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"triwire.test/interop/pb/admin"
	"triwire.test/interop/pb/management"
)

func main() {
	log.SetFlags(0)
	target := flag.String("target-out", "", "target file that is written when all ports are open")
	secret := flag.String("token-out", "", "file that the administrator's token is written to")
	origin := flag.String("origin", "https://console.example", "origin of pages that may call")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *target, *secret, *origin); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, target, secret, origin string) error {
	store, token := newStore()
	store.hosts = map[string]bool{}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(noStore, translate, store.authorize))
	management.RegisterManagementServiceServer(server, &managementServer{store: store})
	admin.RegisterAdminServiceServer(server, &adminServer{store: store})
	healthy := health.NewServer() // knows the empty name; services are set by whoever has them
	for name := range server.GetServiceInfo() {
		healthy.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	healthpb.RegisterHealthServer(server, healthy)
	reflection.Register(server)

	var listeners [3]net.Listener
	for i := range listeners {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		listeners[i] = listener
		store.hosts[listener.Addr().String()] = true
	}
	native, json, web := listeners[0], listeners[1], listeners[2]
	gateway, err := newGateway(ctx, native.Addr().String(), origin)
	if err != nil {
		return err
	}
	wrapped := grpcweb.WrapServer(server,
		grpcweb.WithOriginFunc(func(asked string) bool { return asked == origin }),
		grpcweb.WithAllowedRequestHeaders([]string{"*"}), // those that the page asks for: metadata has any name
	)

	failed := make(chan error, 3)
	go func() { failed <- server.Serve(native) }()
	go func() { failed <- serveHTTP(json, gateway) }()
	go func() { failed <- serveHTTP(web, wrapped) }()

	if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
		return err
	}
	text := fmt.Sprintf("name: grpc-go, grpc-gateway, improbable-eng/grpc-web\njson: http://%s\ngrpc: http://%s\ngrpc-web: http://%s\nbrowser-origins: [%s]\n", json.Addr(), native.Addr(), web.Addr(), origin)
	// Written whole: whoever waits for it must not read a part.
	if err := os.WriteFile(target+".part", []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Rename(target+".part", target); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// serveHTTP serves HTTP/1.1 and, without TLS as everything here, HTTP/2.
func serveHTTP(listener net.Listener, handler http.Handler) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: handler, Protocols: protocols}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
